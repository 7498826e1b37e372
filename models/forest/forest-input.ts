import { StockcastError } from '../../domain/errors.ts';
import type { Matrix } from '../model.ts';
import { checkFeatureCount, checkTrainingRows } from '../model-input.ts';

const KIND = 'random-forest';

/** Most rows: the kernel keeps two counts of them in one number (kernel/best-split.as). */
const MAX_ROWS = 2 ** 24;

/** Most cells: with them, the kernel needs less than the 4 GB that it can address. */
const MAX_CELLS = 2 ** 30;

/** Most features: a feature's number fits into 15 bits of a compiled and 16 of a stored node. */
const MAX_FEATURES = 2 ** 15 - 1;

/**
 * Checks rows to learn from, as for every kind, and that the forest can number its rows, features and cells.
 * @throws StockcastError MODEL_INPUT_INVALID naming the first thing wrong
 */
export function checkRowsToLearn(X: Matrix, y: Float64Array): void {
  checkTrainingRows(KIND, X, y);
  if (X.nRows > MAX_ROWS) throw invalid(`X has ${X.nRows} rows, expected at most ${MAX_ROWS}`);
  if (X.nColumns < 1 || X.nColumns > MAX_FEATURES) {
    throw invalid(`X has ${X.nColumns} features, expected 1 to ${MAX_FEATURES}`);
  }
  const nCells = X.nRows * X.nColumns;
  if (nCells > MAX_CELLS) throw invalid(`X has ${nCells} cells, expected at most ${MAX_CELLS}`);
}

/**
 * Checks rows to predict: `nFeatures` columns, all finite. A NaN is less than no threshold and would quietly be taken
 * for a large number.
 * @throws StockcastError MODEL_INPUT_INVALID naming the first thing wrong
 */
export function checkRowsToPredict(X: Matrix, nFeatures: number): void {
  checkFeatureCount(KIND, X, nFeatures);
  const { values } = X;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw invalid(`feature ${i % nFeatures} of row ${Math.floor(i / nFeatures)} is ${values[i]}`);
    }
  }
}

function invalid(problem: string): StockcastError {
  return new StockcastError('MODEL_INPUT_INVALID', { kind: KIND, problem });
}
