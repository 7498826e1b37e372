import { studentCdf } from './distributions.ts';
import { lagFor, varianceOfMean } from './long-run-variance.ts';

/** Whether one forecaster's losses are lower than another's by more than chance explains. */
export interface DieboldMariano {
  /** Below 0 when the first is better; kept within plus and minus 1e6. */
  readonly statistic: number;
  readonly pTwoSided: number;
  /** One-sided: small when the first is better, or worse, than chance would make it. */
  readonly pBetter: number;
  readonly pWorse: number;
  readonly nObservations: number;
}

const MAX_STATISTIC = 1e6;

/**
 * Diebold and Mariano's test of equal accuracy, from the loss differential d (the first's loss less the other's):
 *
 *     statistic = mean(d) / sqrt(variance of the mean) x sqrt((n + 1 - 2 h + h (h - 1) / n) / n)
 *
 * against Student's t with n - 1 degrees of freedom. The variance is Newey and West's with Bartlett weights and the lag
 * of `lagFor`, 3 h - 1, or 0 for h = 1. Differentials without variance, or over no more than two horizons, prove nothing:
 * statistic 0 and every p 1.
 *
 * Few overlapping errors still give small p too often. Of moving averages over h = 10 sessions with a mean of zero, a
 * two-sided test of 5% rejects 30% at n = 30, 16% at 100, 10% at 250, 7.3% at 1,200; for h = 1 it rejects 5%.
 *
 * Source: Diebold and Mariano, "Comparing Predictive Accuracy" (1995), with the correction of Harvey, Leybourne and
 * Newbold, "Testing the Equality of Prediction Mean Squared Errors" (1997).
 *
 * @example
 * dieboldMariano(squaredErrors.map((loss, t) => loss - squaredErrorsOfNaive[t]), 1).pBetter
 */
export function dieboldMariano(differential: Float64Array, horizon: number): DieboldMariano {
  const n = differential.length;
  const nothing = { statistic: 0, pTwoSided: 1, pBetter: 1, pWorse: 1, nObservations: n };
  // Below the horizon itself the correction would turn round and make the statistic larger.
  if (n <= 2 * horizon) return nothing;
  const mean = differential.reduce((sum, value) => sum + value, 0) / n;
  const variance = varianceOfMean(differential, lagFor(horizon));
  const correction = (n + 1 - 2 * horizon + (horizon * (horizon - 1)) / n) / n;
  if (variance <= 0) return nothing;
  const corrected = (mean / Math.sqrt(variance)) * Math.sqrt(correction);
  const statistic = Math.max(-MAX_STATISTIC, Math.min(MAX_STATISTIC, corrected));
  const pBetter = studentCdf(statistic, n - 1);
  const pWorse = studentCdf(-statistic, n - 1);
  return { statistic, pTwoSided: Math.min(1, 2 * Math.min(pBetter, pWorse)), pBetter, pWorse, nObservations: n };
}
