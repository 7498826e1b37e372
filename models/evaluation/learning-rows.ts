import type { SessionDate } from '../../domain/bar.ts';
import { StockcastError } from '../../domain/errors.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { type FeatureMatrix, WARM_UP } from '../features/feature-matrix.ts';
import { labels, sessionOrdinals } from '../features/labels.ts';
import { VOLATILITY_WARM_UP, forecastVolatility } from '../intervals/volatility.ts';
import type { Matrix } from '../model.ts';
import { LEAST_TRAINING_ROWS, MIN_SESSIONS } from './walk-forward.ts';

/** The rows of one ticker's feature matrix that can be learnt from or judged: label and volatility are known. */
export interface LearningRows {
  readonly features: FeatureMatrix;
  /** Rows of `features`, ascending. */
  readonly rows: Int32Array;
  readonly dates: readonly SessionDate[];
  readonly ordinals: Int32Array;
  /** Log total return over the horizon from each row's session. */
  readonly y: Float64Array;
  /** Forecast volatility of `y`, from prices up to the row's session; positive. */
  readonly volatility: Float64Array;
  /** Rows left out though their target session lies inside the history: it has no bar. */
  readonly nWithoutTarget: number;
}

/** Puts the rows that can be learnt from together with their labels and volatilities. */
export function learningRows(features: FeatureMatrix, horizon: Horizon): LearningRows {
  const y = labels(features, horizon);
  const ordinals = sessionOrdinals(features.dates);
  const volatility = forecastVolatility(features.adjustedClose, horizon);
  const newest = ordinals.at(-1) ?? 0;
  const rows: number[] = [];
  let nWithoutTarget = 0;
  for (let row = VOLATILITY_WARM_UP; row < y.length; row++) {
    if (Number.isFinite(y[row]!)) rows.push(row);
    else if (ordinals[row]! + horizon <= newest) nWithoutTarget++;
  }
  return selected(
    { features, rows: Int32Array.from(y.keys()), dates: features.dates, ordinals, y, volatility, nWithoutTarget },
    rows,
  );
}

/** Those rows that `lookback` consecutive sessions lead up to, themselves included: no sequence spans a gap. */
export function withLookback(rows: LearningRows, lookback: number): LearningRows {
  if (lookback === 1) return rows;
  const ordinals = sessionOrdinals(rows.features.dates);
  const complete = [...rows.rows.keys()].filter((i) => hasSequence(ordinals, rows.rows[i]!, lookback));
  return selected(rows, complete);
}

/** Those rows whose session's ordinal lies in `[from, to]`. */
export function betweenSessions(rows: LearningRows, from: number, to: number): LearningRows {
  return selected(
    rows,
    [...rows.ordinals.keys()].filter((i) => rows.ordinals[i]! >= from && rows.ordinals[i]! <= to),
  );
}

/**
 * The model input of rows of a feature matrix: `[rows.length, lookback * nFeatures]`, oldest session first. Each row
 * must have `lookback - 1` rows before it.
 */
export function inputsOf(features: FeatureMatrix, rows: ArrayLike<number>, lookback: number): Matrix {
  const { nColumns, values } = features.X;
  const width = lookback * nColumns;
  const input = new Float64Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const end = (rows[i]! + 1) * nColumns;
    input.set(values.subarray(end - width, end), i * width);
  }
  return { nRows: rows.length, nColumns: width, values: input };
}

/** The model input of the newest session, one row; undefined where the sessions before it leave a gap or are too few. */
export function newestInput(features: FeatureMatrix, lookback: number): Matrix | undefined {
  const row = features.dates.length - 1;
  const recent = sessionOrdinals(features.dates.slice(-lookback));
  return hasSequence(recent, recent.length - 1, lookback) ? inputsOf(features, [row], lookback) : undefined;
}

/** Sessions without gaps that a ticker must have to be trained and evaluated for a horizon. */
export function sessionsNeeded(horizon: Horizon, lookback = 1): number {
  // The warm-ups, rows to learn from and their labels, one row to forecast from and its label.
  const warmUp = WARM_UP + Math.max(VOLATILITY_WARM_UP, lookback - 1);
  return Math.max(MIN_SESSIONS, warmUp + LEAST_TRAINING_ROWS + 2 * horizon);
}

/** The error for a history that has too few rows to learn from; says how many sessions would do. */
export function tooFewSessions(rows: LearningRows, horizon: Horizon, lookback = 1): StockcastError {
  const { ticker, dates } = rows.features;
  const sessions = dates.length === 0 ? `at most ${WARM_UP}` : `${dates.length + WARM_UP}`;
  const gaps = rows.nWithoutTarget > 0 ? ` (${rows.nWithoutTarget} of them without a price ${horizon} later)` : '';
  const needed = sessionsNeeded(horizon, lookback) + rows.nWithoutTarget;
  return new StockcastError('TOO_FEW_SESSIONS', { ticker, sessions: `${sessions}${gaps}`, until: '', needed });
}

function hasSequence(ordinals: Int32Array, row: number, lookback: number): boolean {
  const first = row - lookback + 1;
  return first >= 0 && ordinals[row]! - ordinals[first]! === lookback - 1;
}

function selected(of: LearningRows, indices: readonly number[]): LearningRows {
  return {
    features: of.features,
    rows: Int32Array.from(indices, (i) => of.rows[i]!),
    dates: indices.map((i) => of.dates[i]!),
    ordinals: Int32Array.from(indices, (i) => of.ordinals[i]!),
    y: Float64Array.from(indices, (i) => of.y[i]!),
    volatility: Float64Array.from(indices, (i) => of.volatility[i]!),
    nWithoutTarget: of.nWithoutTarget,
  };
}
