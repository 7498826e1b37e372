import type { ReliabilityBin } from '../../../domain/evaluation.ts';

const BIN_WIDTH = 0.05;
const N_BINS = 10;

/**
 * How often the direction was right among forecasts that promised about as much: ten bins of stated probability from 0.5
 * to 1, those without a forecast left out.
 *
 * @param promised stated probabilities that the direction is right, in [0.5, 1)
 * @param right 1, 0, or one half for neutral forecasts and zero outcomes
 */
export function reliabilityTable(promised: Float64Array, right: Float64Array): ReliabilityBin[] {
  const sums = Array.from({ length: N_BINS }, () => ({ n: 0, promised: 0, right: 0 }));
  promised.forEach((probability, t) => {
    const bin = sums[Math.min(N_BINS - 1, Math.floor((probability - 0.5) / BIN_WIDTH + ROUNDING))]!;
    bin.n++;
    bin.promised += probability;
    bin.right += right[t]!;
  });
  return sums.flatMap(({ n, ...sum }, i) => {
    if (n === 0) return [];
    const [from, to] = [(10 + i) / 20, (11 + i) / 20];
    return [{ from, to, n, meanPromised: sum.promised / n, shareRight: sum.right / n }];
  });
}

/** Keeps 0.55 and its like from falling into the bin below by the rounding of their difference from 0.5. */
const ROUNDING = 1e-9;

/**
 * Brier score of the stated probabilities, and of always stating the share that was right on these very days: a baseline
 * that knows the outcome's mean, and so harder to beat than any that could have been used. Lower is better.
 * Source: Brier, "Verification of Forecasts Expressed in Terms of Probability" (1950), for one of two outcomes.
 */
export function brierScores(promised: Float64Array, right: Float64Array): { brier: number; baseRate: number } {
  const n = right.length;
  const share = right.reduce((sum, value) => sum + value, 0) / n;
  return {
    brier: right.reduce((sum, value, t) => sum + (promised[t]! - value) ** 2, 0) / n,
    baseRate: right.reduce((sum, value) => sum + (share - value) ** 2, 0) / n,
  };
}
