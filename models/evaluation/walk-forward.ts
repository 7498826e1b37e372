import type { Horizon } from '../../domain/horizon.ts';
import type { TrainingWindow } from '../../domain/model-version.ts';

/** How many of the newest sessions models learn from unless told otherwise; `docs/decisions/training-window.md`. */
export const DEFAULT_WINDOW: TrainingWindow = 504;

/** Sessions that a ticker must have before anything is trained on it. */
export const MIN_SESSIONS = 60;

/** Most sessions that a fitted model forecasts before it is fitted again: a year. */
const REFIT_EVERY = 252;
const WANTED_FOLDS = 5;
/** Rows that the first fold learns from where the history is long enough for it. */
const WANTED_TRAINING_ROWS = 252;
/** Fewest rows that a model may learn from. */
export const LEAST_TRAINING_ROWS = 10;
/** Fewest forecasts worth a fold of their own. */
const LEAST_FOLD_ROWS = 5;

/** How folds are laid out. */
export interface WalkForwardOptions {
  readonly horizon: Horizon;
  readonly window: TrainingWindow;
  /** Sessions left out between the last training label and the first forecast, beyond the horizon; 0 when absent. */
  readonly embargo?: number;
  /** Most rows that one fit forecasts where the history is long enough for five folds, from 1; by default a year. */
  readonly refitEvery?: number;
  /** Rows that one fit forecasts, from 1, whatever the history. */
  readonly stepSize?: number;
}

/** One fit and the rows that it forecasts: rows `[trainFrom, trainTo)` and `[testFrom, testTo)`. */
export interface Fold {
  readonly trainFrom: number;
  readonly trainTo: number;
  readonly testFrom: number;
  readonly testTo: number;
}

/**
 * Lays out folds over labelled rows, whose sessions' `ordinals` ascend: each is fitted as of its first test session,
 * on the newest `window` rows before it, and forecasts up to where the next one begins. Purged: a row belongs to the
 * training rows only when its label was known by the first test session's close (less the embargo), so ordinal + horizon
 * + embargo <= that one's.
 *
 * The first fold wants a year of training rows, then five folds and a refit each year; with less history, half of the
 * rows train first and folds become shorter, then fewer. Test rows depend on neither the window nor the kind of model,
 * so that all are judged on the same days. Empty when fewer than 10 rows could train before the first forecast.
 */
export function walkForwardFolds(ordinals: Int32Array, options: WalkForwardOptions): Fold[] {
  const { window } = options;
  const purge = options.horizon + (options.embargo ?? 0);
  const nRows = ordinals.length;
  // Half of the rows to learn from must not purge away the last row to forecast from.
  const half = Math.min(Math.floor(nRows / 2), nRows - purge);
  const firstTrainTo = Math.min(WANTED_TRAINING_ROWS, Math.max(LEAST_TRAINING_ROWS, half));
  if (firstTrainTo > nRows) return [];
  const firstTest = firstRowFrom(ordinals, ordinals[firstTrainTo - 1]! + purge);
  const nTest = nRows - firstTest;
  const nFolds = Math.max(1, Math.min(WANTED_FOLDS, Math.floor(nTest / LEAST_FOLD_ROWS)));
  const step = options.stepSize ?? Math.min(options.refitEvery ?? REFIT_EVERY, Math.ceil(nTest / nFolds));

  const folds: Fold[] = [];
  for (let testFrom = firstTest; testFrom < nRows; testFrom += step) {
    const trainTo = firstRowFrom(ordinals, ordinals[testFrom]! - purge + 1);
    const trainFrom = window === 'all' ? 0 : Math.max(0, trainTo - window);
    folds.push({ trainFrom, trainTo, testFrom, testTo: Math.min(testFrom + step, nRows) });
  }
  return folds;
}

/** The first row whose ordinal is `ordinal` or later; the number of rows when there is none. */
function firstRowFrom(ordinals: Int32Array, ordinal: number): number {
  let low = 0;
  let high = ordinals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ordinals[middle]! < ordinal) low = middle + 1;
    else high = middle;
  }
  return low;
}
