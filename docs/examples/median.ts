import { checkFeatureCount, checkTrainingRows, completeParameters } from '../../models/model-input.ts';
import type { Model, ModelKind } from '../../models/model.ts';
import { savedModel } from '../../models/saved-model.ts';

const KIND = 'median';

type MedianParameters = {
  /** What the median is multiplied by, from 0 to 1. */
  readonly weight: number;
};

const DEFAULTS: MedianParameters = { weight: 0.5 };

/** The median label of the training rows, weakened: yHat = weight x median(y), whatever the features say. */
export const median: ModelKind<MedianParameters> = {
  name: KIND,
  description: 'Forecasts a part of the median return of the training window.',
  role: 'candidate',
  defaults: DEFAULTS,
  parameters: (overrides) =>
    completeParameters(
      KIND,
      DEFAULTS,
      {
        weight: {
          expected: 'a number from 0 to 1',
          holds: (value) => typeof value === 'number' && value >= 0 && value <= 1,
        },
      },
      overrides,
    ),
  fit(X, y, { weight }, { signal, onProgress }) {
    signal?.throwIfAborted();
    checkTrainingRows(KIND, X, y);
    const sorted = y.slice().sort();
    const middle = (sorted.length - 1) / 2;
    onProgress?.(1);
    return medianModel(X.nColumns, (weight * (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!)) / 2);
  },
  fromObject(object) {
    const saved = savedModel(KIND, object);
    return medianModel(saved.count('nFeatures', 0), saved.number('forecast'));
  },
};

function medianModel(nFeatures: number, forecast: number): Model {
  return {
    kind: KIND,
    predict(X) {
      checkFeatureCount(KIND, X, nFeatures);
      return new Float64Array(X.nRows).fill(forecast);
    },
    toObject: () => ({ kind: KIND, nFeatures, forecast }),
  };
}
