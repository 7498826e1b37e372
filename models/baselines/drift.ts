import { checkFeatureCount, checkTrainingRows, completeParameters } from '../model-input.ts';
import type { Model, ModelKind } from '../model.ts';
import { savedModel } from '../saved-model.ts';

const KIND = 'drift';

type NoParameters = { readonly [name: string]: never };

/** The random walk with drift: yHat is the mean label of the training rows, whatever the features say. */
export const drift: ModelKind<NoParameters> = {
  name: KIND,
  description: 'Forecasts the mean return of the training window.',
  role: 'baseline',
  defaults: {},
  parameters: (overrides) => completeParameters<NoParameters>(KIND, {}, {}, overrides),
  fit(X, y, _parameters, { signal, onProgress }) {
    signal?.throwIfAborted();
    checkTrainingRows(KIND, X, y);
    onProgress?.(1);
    return driftModel(X.nColumns, mean(y));
  },
  fromObject(object) {
    const saved = savedModel(KIND, object);
    return driftModel(saved.count('nFeatures', 0), saved.number('meanReturn'));
  },
};

/** The mean of labels; of none, NaN. */
export function mean(y: Float64Array): number {
  let sum = 0;
  for (const value of y) sum += value;
  return sum / y.length;
}

function driftModel(nFeatures: number, meanReturn: number): Model {
  return {
    kind: KIND,
    predict(X) {
      checkFeatureCount(KIND, X, nFeatures);
      return new Float64Array(X.nRows).fill(meanReturn);
    },
    toObject: () => ({ kind: KIND, nFeatures, meanReturn }),
  };
}
