import type { Context } from '../../domain/context.ts';
import { systemClock } from '../../domain/context.ts';
import { type TrainingWish } from '../../serving/planning.ts';

/** The work per ticker, the same for all subjects: what is compared is what it costs to have it done. */
export const WORK: TrainingWish = {
  horizons: [1],
  kinds: ['linear', 'random-forest'],
  window: 'all',
  parameters: { 'random-forest': { nTrees: 20, maxDepth: 5 } },
  seed: 7,
};

export const CONTEXT: Context = { tenant: 'default', principal: 'bench', clock: systemClock };

/** Tickers under way at a time, for each worker. */
export const IN_FLIGHT_PER_WORKER = 2;

/** Of runs that do nothing. */
export const NO_OP_QUEUE = 'no-op';

/** Computing time by who used it. */
export interface CpuSeconds {
  /** The processes that do the work. */
  readonly work: number;
  readonly temporal?: number;
  readonly postgres?: number;
}

/** What was used between two readings. */
export function cpuBetween(before: CpuSeconds, after: CpuSeconds): CpuSeconds {
  const used = (who: keyof CpuSeconds) => (after[who] === undefined ? {} : { [who]: after[who] - (before[who] ?? 0) });
  return { work: after.work - before.work, ...used('temporal'), ...used('postgres') };
}

/** What it cost. */
export interface Cost {
  readonly wallS: number;
  readonly cpuS: CpuSeconds;
  /** Of the processes that do the work, without the database and Temporal. */
  readonly peakMb: number;
  /** The most in each quarter of the measured time, where that was watched. */
  readonly quarterPeaksMb?: ReadonlyMap<number, number>;
  /** Activities that were run, where there are such. */
  readonly activities?: number;
}
