import type { SessionDate } from '../../domain/bar.ts';
import { StockcastError } from '../../domain/errors.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { type FeatureMatrix, WARM_UP } from '../features/feature-matrix.ts';
import { labels, sessionOrdinals } from '../features/labels.ts';
import { takeRows } from '../matrix.ts';
import type { Matrix } from '../model.ts';
import { LEAST_TRAINING_ROWS, MIN_SESSIONS } from './walk-forward.ts';

/** The rows of a feature matrix whose label for a horizon is known, ascending by session. */
export interface LabelledRows {
  readonly X: Matrix;
  /** Log total return over the horizon from each row's session. */
  readonly y: Float64Array;
  readonly dates: readonly SessionDate[];
  readonly ordinals: Int32Array;
  /** Rows left out though their target session lies inside the history: it has no bar. */
  readonly nWithoutTarget: number;
}

/** Puts the rows that can be learnt from together with their labels. */
export function labelledRows(features: FeatureMatrix, horizon: Horizon): LabelledRows {
  const allLabels = labels(features, horizon);
  const allOrdinals = sessionOrdinals(features.dates);
  const newest = allOrdinals.at(-1) ?? 0;
  const rows: number[] = [];
  let nWithoutTarget = 0;
  for (let row = 0; row < allLabels.length; row++) {
    if (Number.isFinite(allLabels[row]!)) rows.push(row);
    else if (allOrdinals[row]! + horizon <= newest) nWithoutTarget++;
  }
  return {
    X: takeRows(features.X, rows),
    y: Float64Array.from(rows, (row) => allLabels[row]!),
    dates: rows.map((row) => features.dates[row]!),
    ordinals: Int32Array.from(rows, (row) => allOrdinals[row]!),
    nWithoutTarget,
  };
}

/** Sessions without gaps that a ticker must have to be trained and evaluated for a horizon. */
export function sessionsNeeded(horizon: Horizon): number {
  // The warm-up, rows to learn from and their labels, one row to forecast from and its label.
  return Math.max(MIN_SESSIONS, WARM_UP + LEAST_TRAINING_ROWS + 2 * horizon);
}

/** The error for a history that has too few labelled rows; says how many sessions would do. */
export function tooFewSessions(features: FeatureMatrix, rows: LabelledRows, horizon: Horizon): StockcastError {
  const { ticker, dates } = features;
  const sessions = dates.length === 0 ? `at most ${WARM_UP}` : `${dates.length + WARM_UP}`;
  const gaps = rows.nWithoutTarget > 0 ? ` (${rows.nWithoutTarget} of them without a price ${horizon} later)` : '';
  const needed = sessionsNeeded(horizon) + rows.nWithoutTarget;
  return new StockcastError('TOO_FEW_SESSIONS', { ticker, sessions: `${sessions}${gaps}`, needed });
}
