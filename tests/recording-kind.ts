import { drift } from '../models/baselines/drift.ts';
import type { FitOptions, Matrix, ModelKind } from '../models/model.ts';

/** What a fit was given. */
export interface RecordedFit {
  readonly X: Matrix;
  readonly y: Float64Array;
  readonly options: FitOptions;
}

/** A baseline that notes what it was given; forecasts the last label it learnt from. */
export function recordingKind(fits: RecordedFit[]): ModelKind {
  return {
    ...drift,
    name: 'recording',
    parameters: () => ({}),
    fit(X, y, _parameters, options) {
      fits.push({ X, y, options });
      return {
        kind: 'recording',
        predict: (rows) => new Float64Array(rows.nRows).fill(y.at(-1)!),
        toObject: () => null,
      };
    },
  };
}
