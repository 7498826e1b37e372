import { checkFeatureCount, checkTrainingRows, completeParameters } from '../model-input.ts';
import type { Model, ModelKind } from '../model.ts';
import { savedModel } from '../saved-model.ts';

const KIND = 'naive';

type NoParameters = { readonly [name: string]: never };

/** The random walk without drift: yHat = 0, the price stays where it is. */
export const naive: ModelKind<NoParameters> = {
  name: KIND,
  description: 'Forecasts no change: the price stays where it is.',
  role: 'baseline',
  defaults: {},
  parameters: (overrides) => completeParameters<NoParameters>(KIND, {}, {}, overrides),
  fit(X, y, _parameters, { signal, onProgress }) {
    signal?.throwIfAborted();
    checkTrainingRows(KIND, X, y);
    onProgress?.(1);
    return naiveModel(X.nColumns);
  },
  fromObject: (object) => naiveModel(savedModel(KIND, object).count('nFeatures', 0)),
};

function naiveModel(nFeatures: number): Model {
  return {
    kind: KIND,
    predict(X) {
      checkFeatureCount(KIND, X, nFeatures);
      return new Float64Array(X.nRows);
    },
    toObject: () => ({ kind: KIND, nFeatures }),
  };
}
