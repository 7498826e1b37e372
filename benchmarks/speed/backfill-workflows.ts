import { executeChild, continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ContextRecord } from '../../domain/context.ts';
import { QUEUES, type TrainTickerInput } from '../../domain/run.ts';
import type { BackfillStubs } from './backfill-worker.ts';

export { backfill } from '../../workflows/backfill.ts';

const { planPartition, stubTraining } = proxyActivities<BackfillStubs>({
  startToCloseTimeout: '1 min',
  taskQueue: QUEUES.orchestration,
});

/** Stands for the training of a partition: one activity in place of a dozen. */
export async function trainTicker({ ticker, vantage }: Pick<TrainTickerInput, 'ticker' | 'vantage'>): Promise<void> {
  await stubTraining({ ticker, asOf: vantage.asOf });
}

/** Input of the peer. */
export interface BatchesInput {
  readonly context: ContextRecord;
  readonly tickers: readonly string[];
  readonly sessions: readonly string[];
  readonly batch: number;
  readonly next: number;
}

/** The bare loop that one writes first: a batch of children, wait for all of them, the next batch. */
export async function batches(input: BatchesInput): Promise<void> {
  const { context, tickers, sessions, batch } = input;
  const total = tickers.length * sessions.length;
  for (let next = input.next; next < total; next += batch) {
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof batches>({ ...input, next });
    const numbers = Array.from({ length: Math.min(batch, total - next) }, (_, i) => next + i);
    await Promise.all(
      numbers.map(async (number) => {
        const ticker = tickers[number % tickers.length]!;
        const asOf = sessions[Math.floor(number / tickers.length)]!;
        const { workflowId, vantage } = await planPartition({ context, ticker, asOf });
        await executeChild(trainTicker, { workflowId, args: [{ ticker, vantage }] });
      }),
    );
  }
}
