import type { Evaluation } from '../../domain/evaluation.ts';
import type { Horizon } from '../../domain/horizon.ts';

/** Independent forecasts, half of them right, that an evaluation's own are weighed against. */
const DOUBT = 20;

/**
 * The probability, in [0.5, 1), that a forecast's sign is right, from how far off the evaluated forecasts were: with p
 * the share of out-of-sample residuals r for which yHat + r has the sign of yHat,
 *
 *     confidence = max(0.5, (p m + 0.5 x 20) / (m + 20)),   m = nForecasts / horizon
 *
 * so that few forecasts, or few independent ones since neighbours overlap, leave it close to 0.5. A neutral forecast
 * has 0.5. This is the mean of a beta posterior whose prior is worth 20 tosses of a fair coin.
 */
export function confidenceOf(yHat: number, evaluation: Evaluation, horizon: Horizon): number {
  if (yHat === 0) return 0.5;
  const below = shareBelow(evaluation.residualQuantiles, -yHat);
  const share = yHat > 0 ? 1 - below : below;
  const nIndependent = evaluation.nForecasts / horizon;
  return Math.max(0.5, (share * nIndependent + 0.5 * DOUBT) / (nIndependent + DOUBT));
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
