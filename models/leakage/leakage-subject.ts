import type { AdjustedSeries } from '../../domain/bar.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { Fold } from '../evaluation/walk-forward.ts';
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import type { Matrix } from '../model.ts';
import type { PriceHistory } from './price-history.ts';

/** Rows as a kind learns from them, ascending by session; pooled rows of several tickers may share a session. */
export interface LearningRows {
  /** `[nRows, lookback x nFeatures]`, oldest session first, features as they are: a kind's own `fit` scales them. */
  readonly X: Matrix;
  /** Log total return over the horizon, before any scaling. */
  readonly y: Float64Array;
  /** The exchange's count of each row's session (`sessionOrdinal`). */
  readonly ordinals: Int32Array;
}

/** Forecasts of one ticker, ascending by session; only their sign and their equality matter, not their unit. */
export interface Forecasts {
  /** The exchange's count of each session that was forecast from. */
  readonly ordinals: Int32Array;
  readonly yHat: Float64Array;
}

/** What the leakage checks look into: a way to learn, as the procedures that training runs, and the data it learns from. */
export interface LeakageSubject {
  /** What the model learns from: the history of its ticker, or of every ticker of a pooled model. Not empty. */
  readonly histories: readonly PriceHistory[];
  readonly horizon: Horizon;
  /** Consecutive sessions that one row covers. */
  readonly lookback: number;
  /** Takes corporate events into account. */
  adjust(series: PriceHistory['series'], events: PriceHistory['events']): AdjustedSeries;
  buildFeatures(series: AdjustedSeries): FeatureMatrix;
  /** The volatility that labels are divided by, one per row of features; NaN where there is none yet. */
  volatility(features: FeatureMatrix): Float64Array;
  /** The rows that can be learnt from, their labels being known. */
  learningRows(features: readonly FeatureMatrix[]): LearningRows;
  /** The folds of the evaluation. */
  folds(ordinals: Int32Array): readonly Fold[];
  /**
   * Walks forward as the evaluation does, whatever is fitted on the way included (scalers, shrinkage, weights): the
   * out-of-sample forecasts of each history, in their order. It gets the features as they are, future and all, and must
   * leave out what the evaluation leaves out by the evaluation's own code, since just that is checked. It is called four
   * times, always for all histories, and so decides what the checks cost. To save time, give it one long fold (a `stepSize`
   * as long as the history), shorter histories or cheaper parameters.
   */
  forecastOutOfSample(features: readonly FeatureMatrix[]): readonly Forecasts[];
}

/** What every check takes besides. */
export interface LeakageOptions {
  /** Decides where and how the data is disturbed. Same seed and data, same findings. */
  readonly seed: number;
  /** Ends the check early by throwing its reason. */
  readonly signal?: AbortSignal;
}

/** The features of one history, by the subject's procedures. */
export function featuresOf({ adjust, buildFeatures }: Pick<LeakageSubject, 'adjust' | 'buildFeatures'>) {
  return ({ series, events }: PriceHistory): FeatureMatrix => buildFeatures(adjust(series, events));
}
