import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUEUES, type TrainUniverseResult } from '../../domain/run.ts';
import { cancelRun, describeRun, startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { SMALL_WISH, type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { samplePrices, takeInTestUniverse, withFile } from '../support/test-universe.ts';

const WISH = { ...SMALL_WISH, kinds: ['linear'] };

// Nobody works on the data queue at first, so every run of a ticker stays where it is until it is called off.
let pipeline: TestPipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  await takeInTestUniverse(pipeline.services, pipeline.context);
  await withFile(samplePrices(['IBM'], 30), (pricesPath) =>
    takeInPrices(pipeline.services, pipeline.context, {
      pricesPath,
      pricesName: 'few.csv',
      onBadRow: 'refuse',
      adjustSplits: false,
    }),
  );
  await pipeline.work([QUEUES.orchestration]);
});
afterAll(() => pipeline.stop());

async function startTicker(seed: number): Promise<string> {
  const { services, temporal, context } = pipeline;
  return (await startTickerTraining(services, temporal, context, 'AAPL', { ...WISH, seed })).run_id;
}

async function startUniverse(tickers: readonly string[], seed: number): Promise<string> {
  const { services, temporal, context } = pipeline;
  const wish = { ...WISH, seed };
  return (await startUniverseTraining(services, temporal, context, { tickers, maxInFlight: 2 }, wish)).run_id;
}

const handle = (runId: string) => pipeline.temporal.client.workflow.getHandle(runId);

/** How often a universe has begun to wait for a run that another started. */
async function waits(runId: string): Promise<number> {
  const { events } = await handle(runId).fetchHistory();
  return (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'awaitRun')
    .length;
}

const waitsFor = (runId: string) => eventually(async () => ((await waits(runId)) === 1 ? true : undefined));
const parentOf = async (runId: string) => (await handle(runId).describe()).parentExecution?.workflowId;

describe('a ticker that a universe shares with another run', () => {
  it('is tried again when both are refused it a second time, and then reported with the reason', async () => {
    const ticker = await startTicker(50);
    const universes = [await startUniverse(['AAPL'], 50), await startUniverse(['AAPL', 'IBM'], 50)];
    for (const universe of universes) await waitsFor(universe);
    await cancelRun(pipeline.temporal, pipeline.context, ticker);
    const parent = await eventually(() => parentOf(ticker));
    expect(universes).toContain(parent);
    const other = universes.find((universe) => universe !== parent)!;
    await eventually(async () => ((await waits(other)) === 2 ? true : undefined));
    await cancelRun(pipeline.temporal, pipeline.context, ticker);
    for (const universe of universes) {
      const view = await pipeline.ended(universe);
      expect(view.status).toBe('failed');
      expect(view.failure?.message).toMatch(/AAPL: (it was cancelled|Workflow cancell?ed)/);
    }
    expect(await waits(other)).toBe(2);
  });

  it('is left to that run when the universe is cancelled, which then says so', async () => {
    const ticker = await startTicker(51);
    const universe = await startUniverse(['AAPL'], 51);
    await waitsFor(universe);
    await cancelRun(pipeline.temporal, pipeline.context, universe);
    expect((await pipeline.ended(universe)).status).toBe('cancelled');
    await eventually(async () => {
      const query = `WorkflowId='${universe}' AND StockcastVerdict='cancelled'`;
      return (await pipeline.temporal.client.workflow.count(query)).count === 1 ? true : undefined;
    });
    expect((await describeRun(pipeline.temporal, pipeline.context, ticker)).status).toBe('running');
    await cancelRun(pipeline.temporal, pipeline.context, ticker);
  });

  it('is trained by the universe itself when that run is called off', async () => {
    const ticker = await startTicker(52);
    const universe = await startUniverse(['AAPL'], 52);
    await waitsFor(universe);
    await cancelRun(pipeline.temporal, pipeline.context, ticker);
    expect(await eventually(() => parentOf(ticker))).toBe(universe);
    await pipeline.work([QUEUES.data, QUEUES.training]);
    const { outcomes } = (await pipeline.ended(universe)).result as TrainUniverseResult;
    expect(outcomes).toEqual([{ ticker: 'AAPL', status: 'completed', workflowId: ticker }]);
  });
});

async function eventually<T>(probe: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await probe();
    if (found !== undefined) return found;
    await sleep(100);
  }
  throw new Error('it did not come about within the time given');
}
