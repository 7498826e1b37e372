import type { SessionDate } from '../../domain/bar.ts';
import type { Matrix } from '../model.ts';

/** Name of the list of features and their definitions; changes whenever either does. */
export const FEATURE_SET = 'basic-1';

/** The features of `FEATURE_SET` in the order of the matrix' columns; `build-features.ts` defines each. */
export const FEATURE_NAMES = [
  'return',
  'return_lag_1',
  'return_lag_2',
  'return_lag_3',
  'return_lag_4',
  'return_lag_5',
  'volume_change',
  'high_low',
  'close_open',
  'close_to_ma5',
  'close_to_ma20',
  'rsi14',
] as const;

/**
 * Bars at the start of a history that get no row of features: the row of a session looks back at most this many bars
 * (RSI besides, which smooths everything before it).
 */
export const WARM_UP = 20;

/** What models learn from and forecast from: one row per bar of one ticker, after the warm-up, ascending by date. */
export interface FeatureMatrix {
  readonly ticker: string;
  readonly featureSet: string;
  readonly names: readonly string[];
  /** The session of each row. */
  readonly dates: readonly SessionDate[];
  /** `[dates.length, names.length]`; a row uses nothing after its session's close. */
  readonly X: Matrix;
  /** Total-return price of each row's session, from which the labels of any horizon follow. */
  readonly adjustedClose: Float64Array;
}
