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

/** What it cost. */
export interface Cost {
  readonly wallS: number;
  /** Of all processes that took part, and the database's. */
  readonly cpuS: number;
  /** Of the processes that do the work, without the database and Temporal. */
  readonly peakMb: number;
  /** Activities that were run, where there are such. */
  readonly activities?: number;
}
