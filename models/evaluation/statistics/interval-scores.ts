import type { IntervalFigures } from '../../../domain/evaluation.ts';
import type { IntervalSeries } from '../out-of-sample.ts';

/**
 * How intervals of one level did against what came. With alpha = 1 - level, l and u the bounds:
 *
 * - coverage: share of outcomes in [l, u]
 * - Winkler score: u - l, and 2 / alpha times the distance of an outcome outside
 * - pinball loss: mean over both bounds of their losses as quantiles at alpha / 2 and 1 - alpha / 2
 *
 * Source: Winkler, "A Decision-Theoretic Approach to Interval Estimation" (1972); Koenker and Bassett, "Regression
 * Quantiles" (1978).
 *
 * @param y outcomes, at least one
 */
export function intervalScores(y: Float64Array, { level, lower, upper }: IntervalSeries): IntervalFigures {
  const tail = (1 - level) / 2;
  let inside = 0;
  let width = 0;
  let outside = 0;
  let pinball = 0;
  y.forEach((outcome, t) => {
    const [low, high] = [lower[t]!, upper[t]!];
    if (low <= outcome && outcome <= high) inside++;
    width += high - low;
    outside += Math.max(0, low - outcome, outcome - high);
    pinball += (quantileLoss(outcome, low, tail) + quantileLoss(outcome, high, 1 - tail)) / 2;
  });
  const n = y.length;
  return { coverage: inside / n, meanWidth: width / n, winkler: (width + outside / tail) / n, pinball: pinball / n };
}

function quantileLoss(outcome: number, quantile: number, probability: number): number {
  return (outcome - quantile) * (outcome < quantile ? probability - 1 : probability);
}
