import type { CoverageCheck } from '../../domain/drift.ts';
import type { Horizon } from '../../domain/horizon.ts';

/**
 * Whether as many outcomes came inside intervals as was promised: the exact binomial test, two-sided by twice the smaller
 * tail. Outcomes over several sessions overlap and count for n / horizon independent ones; the hits among so many are
 * rounded towards what was promised. One more or less than expected is then never an alarm by itself.
 *
 * @param inside one per forecast, at least one
 * @param level promised share, in (0, 1)
 */
export function checkCoverage(inside: readonly boolean[], level: number, horizon: Horizon): CoverageCheck {
  const n = inside.length;
  const coverage = inside.filter(Boolean).length / n;
  const nIndependent = Math.max(1, Math.floor(n / horizon));
  const hits = coverage * nIndependent;
  const whole = coverage < level ? Math.ceil(hits - ROUNDING) : Math.floor(hits + ROUNDING);
  return { level, n, nIndependent, coverage, p: binomialP(whole, nIndependent, level) };
}

/** Keeps counts that are whole numbers in exact arithmetic whole. */
const ROUNDING = 1e-9;

/** Two-sided p of `k` successes of `n`, by twice the smaller tail. */
function binomialP(k: number, n: number, probability: number): number {
  let logChoose = 0;
  let [below, above] = [0, 0];
  for (let i = 0; i <= n; i++) {
    const mass = Math.exp(logChoose + i * Math.log(probability) + (n - i) * Math.log1p(-probability));
    if (i <= k) below += mass;
    if (i >= k) above += mass;
    logChoose += Math.log((n - i) / (i + 1));
  }
  return Math.min(1, 2 * Math.min(below, above));
}
