import { INTERVAL_LEVELS } from '../../domain/calibration.ts';
import type { IntervalSeries } from '../evaluation/out-of-sample.ts';
import { FEW_SCORES_MULTIPLE, intervalSeries } from './conformal.ts';
import { type ScoredForecasts, ScoreWindow, conformalQuantile } from './score-window.ts';

/** Residuals that an interval of the baseline rests on at most: a year's worth. */
export const RESIDUAL_WINDOW = 252;

/**
 * The baseline for intervals: split conformal that knows nothing of volatility, yHat -/+ the conformal quantile of the
 * last 252 absolute residuals. Delayed like `conformalIntervals`; with too few residuals the half-width is the larger of
 * the largest one and `FEW_SCORES_MULTIPLE` volatilities, as a width must come from somewhere.
 */
export function constantWidthIntervals(forecasts: ScoredForecasts): IntervalSeries[] {
  const { y, yHat, volatility, horizon } = forecasts;
  const window = new ScoreWindow(RESIDUAL_WINDOW);
  return intervalSeries(
    forecasts,
    (row) => window.add(Math.abs(y[row]! - yHat[row]!)),
    (row) =>
      INTERVAL_LEVELS.map((level) => {
        const largest = window.sorted.at(-1) ?? 0;
        const halfWidth =
          conformalQuantile(window.sorted, level, horizon) ??
          Math.max(FEW_SCORES_MULTIPLE[level] * volatility[row]!, largest);
        return { level, lower: yHat[row]! - halfWidth, upper: yHat[row]! + halfWidth };
      }),
  );
}
