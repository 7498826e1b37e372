import type { TestResult } from '../../../domain/evaluation.ts';
import { normalCdf } from './distributions.ts';
import { lagFor, varianceOfMean } from './long-run-variance.ts';

/**
 * Clark and West's test of whether a larger model forecasts better than one nested in it: the mean of
 *
 *     (y - small)^2 - (y - large)^2 + (small - large)^2
 *
 * over its standard error, Newey and West's with the lag of `lagFor`, one-sided against the normal distribution. The last
 * term gives back the noise of parameters that are zero if the smaller model holds. Equal forecasts, or fewer than two,
 * prove nothing: statistic 0 and p 1.
 *
 * Source: Clark and West, "Approximately Normal Tests for Equal Predictive Accuracy in Nested Models" (2007), equation
 * 3.1.
 */
export function clarkWest(y: Float64Array, small: Float64Array, large: Float64Array, horizon: number): TestResult {
  const nothing = { statistic: 0, pValue: 1 };
  if (y.length < 2) return nothing;
  const gains = y.map(
    (outcome, t) => (outcome - small[t]!) ** 2 - (outcome - large[t]!) ** 2 + (small[t]! - large[t]!) ** 2,
  );
  const variance = varianceOfMean(gains, lagFor(horizon));
  if (variance <= 0) return nothing;
  const statistic = gains.reduce((sum, gain) => sum + gain, 0) / gains.length / Math.sqrt(variance);
  return { statistic, pValue: normalCdf(-statistic) };
}
