import type { Matrix } from '../model.ts';

/** The mean and spread of each column of the rows that a model is fitted on. */
export interface StandardScaler {
  readonly mean: Float64Array;
  /** Standard deviation (divided by n, not n - 1); 0 for a column that is constant but for rounding. */
  readonly scale: Float64Array;
}

// A constant column's mean is off by rounding, about n x 1e-16 of its size; dividing by that would blow it up.
const CONSTANT = 1e-12;

/** Measures the columns of `X` `[nRows, nColumns]`, at least one row. */
export function fitScaler(X: Matrix): StandardScaler {
  const { nRows, nColumns, values } = X;
  const mean = new Float64Array(nColumns);
  const scale = new Float64Array(nColumns);
  for (let j = 0; j < nColumns; j++) {
    let sum = 0;
    for (let cell = j; cell < values.length; cell += nColumns) sum += values[cell]!;
    const centre = sum / nRows;
    let squares = 0;
    for (let cell = j; cell < values.length; cell += nColumns) squares += (values[cell]! - centre) ** 2;
    const deviation = Math.sqrt(squares / nRows);
    mean[j] = centre;
    scale[j] = deviation > CONSTANT * Math.abs(centre) ? deviation : 0;
  }
  return { mean, scale };
}
