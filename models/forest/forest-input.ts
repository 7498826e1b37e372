import { StockcastError } from '../../domain/errors.ts';
import type { Matrix } from '../model.ts';
import { MAX_ROWS } from './binned-features.ts';

/** Most features: a feature's number fits into 16 bits of a stored node. */
export const MAX_FEATURES = 2 ** 15 - 1;

/**
 * Checks rows to learn from: `X` `[nRows, nFeatures]` and `y` `[nRows]`, at least one of each, all finite.
 * @throws StockcastError MODEL_INPUT_INVALID naming row and column, both counted from 0
 */
export function checkTrainingRows(X: Matrix, y: Float64Array): void {
  if (X.nRows < 1 || X.nRows > MAX_ROWS) throw invalid(`X has ${X.nRows} rows, expected 1 to ${MAX_ROWS}`);
  if (X.nColumns < 1 || X.nColumns > MAX_FEATURES) {
    throw invalid(`X has ${X.nColumns} features, expected 1 to ${MAX_FEATURES}`);
  }
  if (y.length !== X.nRows) throw invalid(`y has ${y.length} values for the ${X.nRows} rows of X`);
  checkCells(X);
  const row = y.findIndex((value) => !Number.isFinite(value));
  if (row >= 0) throw invalid(`y is ${y[row]} in row ${row} (from 0), expected a finite number`);
}

/**
 * Checks rows to predict: `nFeatures` columns, all finite.
 * @throws StockcastError MODEL_INPUT_INVALID naming row and column, both counted from 0
 */
export function checkRows(X: Matrix, nFeatures: number): void {
  if (X.nColumns !== nFeatures) throw invalid(`X has ${X.nColumns} features, the model was fitted on ${nFeatures}`);
  checkCells(X);
}

function checkCells({ nRows, nColumns, values }: Matrix): void {
  if (values.length !== nRows * nColumns) {
    throw invalid(`X has ${values.length} cells, expected ${nRows} rows x ${nColumns} columns`);
  }
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      const row = Math.floor(i / nColumns);
      throw invalid(`X is ${values[i]} in row ${row}, column ${i % nColumns} (from 0), expected a finite number`);
    }
  }
}

function invalid(problem: string): StockcastError {
  return new StockcastError('MODEL_INPUT_INVALID', { kind: 'random-forest', problem });
}
