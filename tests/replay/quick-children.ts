import type { TrainTickerInput } from '../../domain/run.ts';

// What the long history is recorded with: the real universe, over children that end at once.
export { trainUniverse } from '../../workflows/train-universe.ts';

/** Stands for the child of each ticker. */
export async function trainTicker({ ticker }: TrainTickerInput): Promise<{ ticker: string }> {
  return { ticker };
}
