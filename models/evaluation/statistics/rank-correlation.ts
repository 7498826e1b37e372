import type { TestResult } from '../../../domain/evaluation.ts';
import { studentCdf } from './distributions.ts';

/**
 * The information coefficient: Spearman's rank correlation of forecasts and outcomes, ties at their mean rank, with the
 * two-sided p of no correlation. Overlapping forecasts count for `n / horizon` independent ones, so that
 * t = r sqrt((m - 2) / (1 - r^2)) with m = n / horizon has m - 2 degrees of freedom. That is right for forecasts that
 * change slowly and careful for others: at horizon 10 and n = 1,200, p < 0.05 came in 4.2% of unrelated series whose
 * forecasts kept 0.99 of themselves from day to day, in 1.9% with 0.9, and never with 0. Constant forecasts or outcomes, or
 * fewer than three independent ones, prove nothing: 0 with p 1.
 *
 * Source: Spearman, "The Proof and Measurement of Association between Two Things" (1904).
 */
export function rankCorrelation(yHat: Float64Array, y: Float64Array, horizon: number): TestResult {
  const r = correlation(ranks(yHat), ranks(y));
  const degrees = y.length / horizon - 2;
  if (!Number.isFinite(r)) return { statistic: 0, pValue: 1 };
  if (degrees < 1) return { statistic: r, pValue: 1 };
  const t = Math.abs(r) * Math.sqrt(degrees / Math.max(0, 1 - r * r));
  return { statistic: r, pValue: 2 * studentCdf(-t, degrees) };
}

/** Ranks from 1 on; equal values share the mean of theirs. */
function ranks(values: Float64Array): Float64Array {
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) result[order[i]!] = (from + 1 + to) / 2;
    from = to;
  }
  return result;
}

/** Pearson's correlation; NaN where either does not vary. */
function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let product = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let i = 0; i < a.length; i++) {
    product += (a[i]! - meanA) * (b[i]! - meanB);
    squaresA += (a[i]! - meanA) ** 2;
    squaresB += (b[i]! - meanB) ** 2;
  }
  return product / Math.sqrt(squaresA * squaresB);
}
