import type { Calibration } from '../../domain/calibration.ts';
import { calibrateIntervals, conformalIntervals } from '../intervals/conformal.ts';
import { constantWidthIntervals } from '../intervals/constant-width.ts';
import { calibrateDirection, directionProbabilities } from '../intervals/direction-probability.ts';
import type { OutOfSampleForecasts } from './out-of-sample.ts';
import type { ShrunkForecasts } from './shrinkage.ts';

/**
 * Turns walk-forward forecasts into what would have been said on each day: the shrunk forecast with its intervals, each
 * calibrated on what had matured by then.
 */
export function outOfSample(series: ShrunkForecasts, horizon: number): OutOfSampleForecasts {
  const scored = scoredForecasts(series, horizon);
  return {
    dates: series.dates,
    ordinals: series.ordinals,
    y: series.y,
    yHat: scored.yHat,
    naive: new Float64Array(series.y.length),
    drift: series.drift,
    intervals: conformalIntervals(scored),
    constantWidth: constantWidthIntervals(scored),
  };
}

/** The stated probability that the direction is right, for each forecast with what was known then; in [0.5, 1). */
export function confidences(series: ShrunkForecasts, horizon: number): Float64Array {
  return directionProbabilities(scoredForecasts(series, horizon));
}

/** What serving needs for forecasts made when all of the series has matured. */
export function calibrationOf(series: ShrunkForecasts, horizon: number): Calibration {
  const scored = scoredForecasts(series, horizon);
  return {
    shrinkage: series.finalShrinkage,
    ...(series.weights === undefined ? {} : { weights: series.weights }),
    intervals: calibrateIntervals(scored),
    direction: calibrateDirection(scored),
  };
}

function scoredForecasts({ ordinals, y, raw, shrinkage, volatility }: ShrunkForecasts, horizon: number) {
  return { ordinals, y, yHat: raw.map((value, i) => value * shrinkage[i]!), volatility, horizon };
}
