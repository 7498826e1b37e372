import type { SessionDate } from '../../domain/bar.ts';
import type { IntervalLevel } from '../../domain/calibration.ts';

/** Prediction intervals of one level over many days, as log returns over the horizon; `lower[i] <= upper[i]`, finite. */
export interface IntervalSeries {
  readonly level: IntervalLevel;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/**
 * Forecasts of one kind for one ticker and horizon, each made with nothing known after its session's close: what every
 * judgement of a model rests on. All arrays are equally long, ascending by session.
 */
export interface OutOfSampleForecasts {
  /** The sessions forecast from. */
  readonly dates: readonly SessionDate[];
  /** The exchange's count of each of them (`sessionOrdinal`). */
  readonly ordinals: Int32Array;
  /** What happened: the log total return over the horizon. */
  readonly y: Float64Array;
  readonly yHat: Float64Array;
  /** The baselines' forecasts; `drift` is the mean label of the same training rows. */
  readonly naive: Float64Array;
  readonly drift: Float64Array;
  /** Prediction intervals around `yHat`, one series per level of `INTERVAL_LEVELS`. */
  readonly intervals: readonly IntervalSeries[];
  /** The constant-width conformal baseline of the same levels around the same `yHat`. */
  readonly constantWidth: readonly IntervalSeries[];
}
