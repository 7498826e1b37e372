import type { Evaluation } from '../../domain/evaluation.ts';
import type { Horizon } from '../../domain/horizon.ts';

/** Independent forecasts, half of them right, that an evaluation's own are weighed against. */
const DOUBT = 20;

/**
 * The probability, in [0.5, 1), that a forecast's sign is right, from how far off the evaluated forecasts were: with p
 * the share of out-of-sample residuals that leave the sign as forecast and c the evaluation's `directionCalibration`,
 *
 *     confidence = max(0.5, 0.5 + c (p - 0.5) m / (m + 20)),   m = nForecasts / horizon
 *
 * so that few forecasts, or few independent ones since neighbours overlap, leave it close to 0.5: with c = 1 this is
 * the mean of a beta posterior whose prior is worth 20 tosses of a fair coin. A neutral forecast has 0.5.
 */
export function confidenceOf(yHat: number, evaluation: Evaluation, horizon: Horizon): number {
  const { residualQuantiles, directionCalibration, nForecasts } = evaluation;
  const nIndependent = nForecasts / horizon;
  const excess = signShare(yHat, residualQuantiles) - 0.5;
  return Math.max(0.5, 0.5 + (directionCalibration * excess * nIndependent) / (nIndependent + DOUBT));
}

/**
 * How far the residuals' promise about the direction came true: the slope, kept within [0, 1], of a least-squares line
 * through the origin from p - 0.5 to (right - 0.5), right being 1, 0, or 1/2 for a zero outcome. The share p takes for
 * granted that a larger forecast comes with a larger outcome; where it doesn't, p is too sure. 0 where all forecasts are
 * neutral.
 */
export function directionCalibration(
  y: Float64Array,
  yHat: Float64Array,
  residualQuantiles: readonly number[],
): number {
  let promised = 0;
  let kept = 0;
  for (let i = 0; i < y.length; i++) {
    const excess = signShare(yHat[i]!, residualQuantiles) - 0.5;
    promised += excess * excess;
    kept += (excess * Math.sign(y[i]! * yHat[i]!)) / 2;
  }
  return promised === 0 ? 0 : Math.min(1, Math.max(0, kept / promised));
}

/** The share of residuals r for which yHat + r has the sign of yHat; one half where that is 0. */
function signShare(yHat: number, residualQuantiles: readonly number[]): number {
  if (yHat === 0) return 0.5;
  const below = shareBelow(residualQuantiles, -yHat);
  return yHat > 0 ? 1 - below : below;
}

/** The share of a distribution below `value`, from evenly spaced quantiles; where it has mass at `value`, half of it. */
function shareBelow(quantiles: readonly number[], value: number): number {
  const last = quantiles.length - 1;
  if (value < quantiles[0]!) return 0;
  if (value > quantiles[last]!) return 1;
  let nBelow = quantiles.findIndex((quantile) => quantile >= value);
  let nUpTo = nBelow;
  while (nUpTo <= last && quantiles[nUpTo] === value) nUpTo++;
  if (nUpTo > nBelow) return (nBelow + nUpTo - 1) / 2 / last;
  nBelow -= 1;
  const low = quantiles[nBelow]!;
  return (nBelow + (value - low) / (quantiles[nBelow + 1]! - low)) / last;
}
