import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BACKFILL, PAUSE_SIGNAL } from '../../domain/backfill.ts';
import { JUDGE_EXPERIMENTS } from '../../domain/experiment.ts';
import { MONITOR_DRIFT } from '../../domain/drift.ts';
import { PARKED } from '../../domain/parking.ts';
import { QUEUES, TRAIN_UNIVERSE, type TrainUniverseInput } from '../../domain/run.ts';
import { INGEST_PRICES, RETRAIN } from '../../domain/scheduled-run.ts';
import { SCORE_FORECASTS } from '../../domain/scoring.ts';
import { trainingPlan } from '../../serving/planning.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { vantageOf } from '../../serving/vantages.ts';
import { startYahoo } from '../doubles/yahoo.ts';
import { sampleTicker } from '../doubles/sample-ticker.ts';
import { pricesFrom } from '../support/live-prices.ts';
import { type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { samplePrices, withFile } from '../support/test-universe.ts';

const PATIENT = { timeout: 15_000, interval: 50 };
const CONTEXT = { tenant: 'default', principal: 'p' };

let yahoo: Awaited<ReturnType<typeof startYahoo>>;
let pipeline: TestPipeline;
let paused: WorkflowHandle;
beforeAll(async () => {
  yahoo = await startYahoo({ AAPL: sampleTicker('AAPL') });
  pipeline = await startPipeline({ workers: false, prices: pricesFrom(yahoo.url, { source: 'yahoo' }) });
  const [header, ...rows] = samplePrices(['AAPL', 'MSFT'], 400).trim().split('\n');
  // One day's prices of MSFT are a hundred times what they were, so that it cannot be trained.
  const damaged = rows.map((row, i) =>
    i !== 600
      ? row
      : row
          .split(',')
          .map((cell, at) => (at >= 3 && at <= 6 ? String(Number(cell) * 100) : cell))
          .join(','),
  );
  const { services, context } = pipeline;
  await withFile(`${[header, ...damaged].join('\n')}\n`, (pricesPath) =>
    takeInPrices(services, context, { pricesPath, pricesName: 'p.csv', onBadRow: 'refuse', adjustSplits: false }),
  );
  const scope = { from: '2012-06-01', to: '2012-12-31', every: 100, tickers: ['AAPL'] };
  paused = await begin(BACKFILL, 'backfill/default/paused', scope);
  await paused.signal(PAUSE_SIGNAL);
  await pipeline.work([QUEUES.orchestration]);
});
afterAll(async () => {
  await pipeline?.stop();
  await yahoo?.stop();
});

function begin(type: string, workflowId: string, input: object) {
  const options = { workflowId, taskQueue: QUEUES.orchestration, args: [{ version: 1, context: CONTEXT, ...input }] };
  return pipeline.temporal.client.workflow.start(type, options);
}
const described = (workflowId: string) => pipeline.temporal.client.workflow.getHandle(workflowId).describe();
/** What Temporal's own list can be asked for. */
async function told(workflowId: string): Promise<string> {
  const { status, searchAttributes } = await described(workflowId);
  return `${status.name} ${String(searchAttributes.StockcastVerdict?.[0])}`;
}
const ended = (workflowId: string) =>
  vi.waitFor(async () => {
    expect((await described(workflowId)).status.name).not.toBe('RUNNING');
    return told(workflowId);
  }, PATIENT);

test('a backfill that is paused before a worker has seen it is found as paused', async () => {
  await vi.waitFor(async () => expect(await paused.query('progress')).toMatchObject({ stage: 'paused' }), PATIENT);
  expect((await described(paused.workflowId)).searchAttributes.StockcastStage).toEqual(['paused']);
  await paused.cancel();
  expect(await ended(paused.workflowId)).toBe('CANCELLED cancelled');
});

test.each<[string, object]>([
  [SCORE_FORECASTS, { asOf: '2013-02-30' }],
  [MONITOR_DRIFT, { asOf: '2013-02-30' }],
  [JUDGE_EXPERIMENTS, { asOf: '2013-02-30' }],
  [INGEST_PRICES, { asOf: '2013-02-01', source: 'nobody' }],
  [INGEST_PRICES, { asOf: '2013-02-30' }],
  [RETRAIN, { asOf: '2013-02-30' }],
  [BACKFILL, { from: '2012-06-01', to: '2012-13-31' }],
  [BACKFILL, { version: 2 }],
  [BACKFILL, { from: '2012-06-01', to: '2012-12-31', evry: 3 }],
  [BACKFILL, { from: '2012-06-01', to: '2012-12-31', wish: { horizon: [1] } }],
])('a run of %s that fails over what it was asked (%o) is found as failed', async (type, input) => {
  const { workflowId } = await begin(type, `failing/default/${type}/${JSON.stringify(input)}`, input);
  expect(await ended(workflowId)).toBe('FAILED failed');
});

test('a run that is cancelled while it waits for what nobody does yet is found as cancelled', async () => {
  const { services, context } = pipeline;
  const ingest = await begin(INGEST_PRICES, 'ingest/default/cancelled', { asOf: '2013-02-01', source: 'yahoo' });
  const input = {
    tickers: ['AAPL', 'MSFT'],
    vantage: vantageOf(context),
    plan: trainingPlan({ seed: 7, horizons: [1] }),
    maxInFlight: 2,
    pool: { id: 'pool', tickers: ['AAPL', 'MSFT'] },
  } satisfies Partial<TrainUniverseInput>;
  const universe = await begin(TRAIN_UNIVERSE, 'train-universe/default/cancelled', input);
  await vi.waitFor(async () => {
    const { raw } = await described(ingest.workflowId);
    expect(raw.pendingActivities).not.toHaveLength(0);
    expect((await described('train-pool/default/pool')).status.name).toBe('RUNNING');
  }, PATIENT);
  for (const run of [ingest, universe]) await run.cancel();
  for (const run of [ingest, universe]) expect(await ended(run.workflowId)).toBe('CANCELLED cancelled');
  expect(await ended('train-pool/default/pool')).toBe('CANCELLED cancelled');
  expect(await services.ledger.history(context, 'AAPL')).toEqual([]);
});

test('a retraining whose training somebody calls off by itself has failed', async () => {
  const run = await begin(RETRAIN, 'retrain/default/called-off', { asOf: '2013-02-27', horizons: [1] });
  const child = await vi.waitFor(async () => {
    const { raw } = await described(run.workflowId);
    return raw.pendingChildren![0]!.workflowId!;
  }, PATIENT);
  await pipeline.temporal.client.workflow.getHandle(child).cancel();
  expect(await ended(run.workflowId)).toBe('FAILED failed');
});

test('what was said of the pooled models is told at the end, though the run went on as a new one', async () => {
  const run = await begin(TRAIN_UNIVERSE, 'train-universe/default/gone-on', {
    tickers: ['AAPL'],
    vantage: vantageOf(pipeline.context),
    plan: trainingPlan({ seed: 7, horizons: [1] }),
    maxInFlight: 2,
    pooled: [],
    done: [{ ticker: 'AAPL', status: 'completed', workflowId: 'train/default/AAPL' }],
    notes: ['MSFT is not in the pool.'],
  } satisfies Partial<TrainUniverseInput>);
  expect(await run.result()).toMatchObject({ outcomes: [{ ticker: 'AAPL' }], notes: ['MSFT is not in the pool.'] });
});

test('a retraining that joins one under way tells which tickers failed there', async () => {
  const wish = { asOf: '2013-03-01', horizons: [1], kinds: ['linear'] };
  const first = await begin(RETRAIN, 'retrain/default/first', wish);
  const universe = await vi.waitFor(async () => {
    const { raw } = await described(first.workflowId);
    return raw.pendingChildren![0]!.workflowId!;
  }, PATIENT);
  const second = await begin(RETRAIN, 'retrain/default/second', wish);
  await vi.waitFor(async () => {
    const { raw } = await described(second.workflowId);
    expect(raw.pendingActivities!.map(({ activityType }) => activityType?.name)).toEqual(['awaitUniverse']);
  }, PATIENT);
  await pipeline.work([QUEUES.data, QUEUES.training]);
  const parked = await vi.waitFor(async () => {
    const found = (await pipeline.temporal.client.workflow.getHandle(universe).query('progress')) as {
      running: { ticker: string; workflowId: string }[];
    };
    const { workflowId } = found.running.find(({ ticker }) => ticker === 'MSFT')!;
    expect((await described(workflowId)).searchAttributes.StockcastStage).toEqual([PARKED]);
    return workflowId;
  }, PATIENT);
  await pipeline.temporal.client.workflow.getHandle(parked).cancel();
  const failed = [expect.objectContaining({ ticker: 'MSFT' })];
  expect(await first.result()).toMatchObject({ verdict: 'failed', joined: false, runId: universe, failed });
  expect(await second.result()).toMatchObject({ verdict: 'failed', joined: true, runId: universe, failed });
  expect(await told(second.workflowId)).toBe('COMPLETED failed');
});
