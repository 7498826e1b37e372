import type { Matrix } from './model.ts';

/** Rows `[from, to)` of a matrix, as a view on the same memory. */
export function rowRange(X: Matrix, from: number, to: number): Matrix {
  return {
    nRows: to - from,
    nColumns: X.nColumns,
    values: X.values.subarray(from * X.nColumns, to * X.nColumns),
  };
}

/** A copy of the rows at `indices`, in that order. */
export function takeRows(X: Matrix, indices: ArrayLike<number>): Matrix {
  const { nColumns } = X;
  const values = new Float64Array(indices.length * nColumns);
  for (let i = 0; i < indices.length; i++) {
    const start = indices[i]! * nColumns;
    values.set(X.values.subarray(start, start + nColumns), i * nColumns);
  }
  return { nRows: indices.length, nColumns, values };
}
