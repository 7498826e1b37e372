import type { Horizon } from '../../domain/horizon.ts';
import type { ForecastScore } from '../../domain/scoring.ts';
import { lossDifferential } from './live-record.ts';
import { lossRatio } from './metrics.ts';
import { doublingLooks, withoutOverlap } from './planned-looks.ts';
import { dieboldMariano } from './statistics/index.ts';

/** Probability with which a record no worse than naive's is ever said to be behind it, however long it goes on. */
export const BEHIND_NAIVE_LEVEL = 0.01;
/** Forecasts that don't overlap at the first look; each further look waits for twice as many. */
export const FIRST_LOOK = 20;

/** A look at a live record at which it was significantly behind naive. */
export interface BehindNaiveLook {
  /** Forecasts that the look rests on. */
  readonly n: number;
  readonly rmseRatioToNaive: number;
  readonly p: number;
  /** What p had to stay below at this look. */
  readonly level: number;
}

/**
 * The first look at which a live record was significantly behind naive; undefined where there was none. Looks are taken
 * at 20, 40, 80, 160, … forecasts alone, so that looking every day finds nothing more, and the k-th look is at the level
 * `BEHIND_NAIVE_LEVEL` / (k (k + 1)), which over all looks that there will ever be adds up to `BEHIND_NAIVE_LEVEL`. Each
 * is Diebold and Mariano's test of squared errors, one-sided, with the correction of Harvey, Leybourne and Newbold.
 *
 * Forecasts count in the order in which their scores became known, so that what a look saw stays what it saw, and those
 * that overlap one that counts are left out: on so few errors that overlap, weights of autocovariances find differences
 * that are not there (see `dieboldMariano`).
 *
 * @param scores one for each origin session, by when they were scored
 */
export function behindNaive(scores: readonly ForecastScore[], horizon: Horizon): BehindNaiveLook | undefined {
  const apart = withoutOverlap(scores, horizon);
  for (const { n, level } of doublingLooks(FIRST_LOOK, BEHIND_NAIVE_LEVEL)) {
    if (n > apart.length) break;
    const seen = apart.slice(0, n);
    const { pWorse: p } = dieboldMariano(Float64Array.from(seen, lossDifferential), 1);
    if (p < level) return { n, rmseRatioToNaive: ratioOf(seen), p, level };
  }
  return undefined;
}

function ratioOf(scores: readonly ForecastScore[]): number {
  const sum = (error: (score: ForecastScore) => number) =>
    scores.reduce((total, score) => total + error(score) ** 2, 0);
  return lossRatio(Math.sqrt(sum((s) => s.error)), Math.sqrt(sum((s) => s.naiveError)));
}
