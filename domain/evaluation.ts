import type { SessionDate } from './bar.ts';

/** Errors of a forecaster over the out-of-sample days, in log returns over the horizon. */
export interface ForecastErrors {
  readonly rmse: number;
  readonly mae: number;
}

/** What walk-forward evaluation found about one model kind for one ticker and horizon, baselines on the same days. */
export interface Evaluation {
  /** Out-of-sample forecasts that the figures rest on. */
  readonly nForecasts: number;
  readonly nFolds: number;
  readonly firstOrigin: SessionDate;
  readonly lastOrigin: SessionDate;
  readonly model: ForecastErrors;
  readonly naive: ForecastErrors;
  readonly drift: ForecastErrors;
  /** RMSE over the baseline's; below 1 is better than the baseline. */
  readonly rmseRatioToNaive: number;
  readonly rmseRatioToDrift: number;
  /** Share of days on which the forecast's sign was right; neutral forecasts and zero returns count as half. */
  readonly directionalAccuracy: number;
  /** What always saying "up" would have scored on the same days. */
  readonly alwaysUpAccuracy: number;
  /** Out-of-sample residuals y - yHat at 101 evenly spaced quantiles from 0 to 1, ascending. */
  readonly residualQuantiles: readonly number[];
  /**
   * From 0 to 1: how much of what the residuals promise about the direction, beyond one half, came true on these days.
   * 0 where forecasts that should have been surer were right no more often.
   */
  readonly directionCalibration: number;
  /** What a reader must know to judge the figures, in words: short history, few folds. */
  readonly notes: readonly string[];
}
