import { mean } from '../baselines/drift.ts';
import { checkFeatureCount, checkTrainingRows, completeParameters } from '../model-input.ts';
import type { Matrix, Model, ModelKind } from '../model.ts';
import { savedModel } from '../saved-model.ts';
import { choleskySolve } from './cholesky.ts';
import { fitScaler, type StandardScaler } from './standard-scaler.ts';

const KIND = 'linear';

/** How strongly a linear model is held back. */
export type LinearParameters = {
  /** Penalty per row, from 1e-9 to 1e6. At 1, a feature independent of the others gets half of its plain slope. */
  readonly alpha: number;
};

const DEFAULTS: LinearParameters = { alpha: 10 };

/**
 * Ridge regression on standardised features: with z the features less their mean, over their standard deviation, both
 * of the training rows, yHat = b0 + z b where b0 = mean(y) is not penalised and b minimises
 *
 *     sum((y - b0 - z b)^2) / n + alpha |b|^2
 *
 * The penalty is per row, so the same `alpha` shrinks alike however long the window. Constant features get no weight.
 * Source: Hoerl and Kennard, Ridge Regression, Technometrics 12 (1970), equation 2.1, with k = n alpha.
 *
 * @example
 * const X = { nRows: 3, nColumns: 1, values: Float64Array.of(1, 2, 3) };
 * const model = linear.fit(X, Float64Array.of(2, 4, 6), { alpha: 1e-9 }, { seed: 1 });
 * model.predict({ nRows: 1, nColumns: 1, values: Float64Array.of(4) }); // about 8
 */
export const linear: ModelKind<LinearParameters> = {
  name: KIND,
  description: 'Ridge regression on standardised features.',
  role: 'candidate',
  defaults: DEFAULTS,
  space: { alpha: { from: 0.1, to: 1000, scale: 'log' } },
  parameters: (overrides) =>
    completeParameters(
      KIND,
      DEFAULTS,
      {
        alpha: {
          expected: 'a number from 1e-9 to 1e6',
          holds: (value) => typeof value === 'number' && value >= 1e-9 && value <= 1e6,
        },
      },
      overrides,
    ),
  fit(X, y, { alpha }, { signal, onProgress }) {
    signal?.throwIfAborted();
    checkTrainingRows(KIND, X, y);
    const scaler = fitScaler(X);
    const slopes = solveRidge(X, y, scaler, alpha);
    onProgress?.(1);
    return linearModel(scaler, slopes, mean(y));
  },
  fromObject(object) {
    const saved = savedModel(KIND, object);
    const nFeatures = saved.count('nFeatures', 0);
    const scaler = { mean: saved.numbers('mean', nFeatures), scale: saved.numbers('scale', nFeatures) };
    if (scaler.scale.some((scale) => scale < 0)) throw saved.damaged('"scale" holds a negative number');
    return linearModel(scaler, saved.numbers('slopes', nFeatures), saved.number('intercept'));
  },
};

/** Slopes for standardised features: (Z'Z / n + alpha I) b = Z'(y - mean(y)) / n. */
function solveRidge(X: Matrix, y: Float64Array, scaler: StandardScaler, alpha: number): Float64Array {
  const { nRows, nColumns } = X;
  const gram = new Float64Array(nColumns * nColumns);
  const moments = new Float64Array(nColumns);
  const centre = mean(y);
  const z = new Float64Array(nColumns);
  for (let row = 0; row < nRows; row++) {
    standardise(X, row, scaler, z);
    const error = y[row]! - centre;
    for (let i = 0; i < nColumns; i++) {
      const zi = z[i]!;
      moments[i] = moments[i]! + zi * error;
      for (let j = 0; j <= i; j++) gram[i * nColumns + j] = gram[i * nColumns + j]! + zi * z[j]!;
    }
  }
  for (let i = 0; i < nColumns; i++) {
    moments[i] = moments[i]! / nRows;
    for (let j = 0; j <= i; j++) gram[i * nColumns + j] = gram[i * nColumns + j]! / nRows;
    gram[i * nColumns + i] = gram[i * nColumns + i]! + alpha;
  }
  return choleskySolve(gram, moments);
}

function standardise(X: Matrix, row: number, { mean, scale }: StandardScaler, z: Float64Array): void {
  const start = row * X.nColumns;
  for (let j = 0; j < z.length; j++) {
    z[j] = scale[j]! > 0 ? (X.values[start + j]! - mean[j]!) / scale[j]! : 0;
  }
}

function linearModel(scaler: StandardScaler, slopes: Float64Array, intercept: number): Model {
  const nFeatures = slopes.length;
  return {
    kind: KIND,
    predict(X) {
      checkFeatureCount(KIND, X, nFeatures);
      const yHat = new Float64Array(X.nRows);
      const z = new Float64Array(nFeatures);
      for (let row = 0; row < X.nRows; row++) {
        standardise(X, row, scaler, z);
        let sum = intercept;
        for (let j = 0; j < nFeatures; j++) sum += slopes[j]! * z[j]!;
        yHat[row] = sum;
      }
      return yHat;
    },
    toObject: () => ({
      kind: KIND,
      nFeatures,
      mean: [...scaler.mean],
      scale: [...scaler.scale],
      slopes: [...slopes],
      intercept,
    }),
  };
}
