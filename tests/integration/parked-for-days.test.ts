import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../domain/context.ts';
import { DEFAULT_PARKING } from '../../domain/parking.ts';
import { QUEUES, SEARCH_ATTRIBUTES } from '../../domain/run.ts';
import { correctParked } from '../../serving/parked-runs.ts';
import { describeRun, startTickerTraining } from '../../serving/runs.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { type RunningWorkers, createWorkers } from '../../workers/run-workers.ts';
import { SMALL_WISH } from '../support/pipeline.ts';
import { type TestServices, openServices } from '../support/services.ts';
import { samplePrices, withFile } from '../support/test-universe.ts';
import { timeSkippingServer } from '../support/time-skipping-server.ts';
import { RETRAINING } from '../support/retraining-settings.ts';

const MAKING_MS = 20 * 60_000;
const KEYWORD = 2;
const DAY_MS = 86_400_000;
const GOOD = samplePrices(['AAPL'], 300);
const BAD = GOOD.split('\n')
  .map((line, i) => (i === 150 ? line.replace(/(\d+\.\d+)/g, (price) => (Number(price) * 100).toFixed(2)) : line))
  .join('\n');

/** Where time is skipped while all that runs sleeps; undefined where there is no Java. */
let env: TestWorkflowEnvironment | undefined;
let opened: TestServices;
let temporal: TemporalGateway;
let workers: RunningWorkers;
let working: Promise<void>;
let missing = '';
const context = { tenant: 'default', principal: 'tester', clock: systemClock };

beforeAll(async () => {
  const server = await timeSkippingServer();
  if (typeof server === 'string') {
    missing = server;
    return;
  }
  env = await startedPatiently(server.path);
  const searchAttributes = Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD]));
  await env.connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
  opened = await openServices();
  temporal = new TemporalGateway({ address: env.address, namespace: 'default', uiUrl: undefined });
  const { services } = opened;
  workers = await createWorkers(Object.values(QUEUES), {
    ...{ services, temporal, address: env.address, namespace: 'default' },
    trainingSlots: 1,
    shutdownGraceMs: 1000,
    retraining: RETRAINING,
  });
  working = workers.run();
}, MAKING_MS);
afterAll(async () => {
  if (env === undefined) return;
  workers.shutdown();
  await working;
  await temporal.close();
  await env.teardown();
  await opened.close();
});

/** The SDK gives the server five seconds, and Java may need more on a loaded machine. */
async function startedPatiently(path: string): Promise<TestWorkflowEnvironment> {
  for (let tries = 0; ; tries++) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping({
        server: { executable: { type: 'existing-path', path } },
      });
    } catch (error) {
      if (tries > 20 || !String(error).includes('did not start within')) throw error;
    }
  }
}

const files = (pricesPath: string) => ({
  pricesPath,
  pricesName: 'prices.csv',
  onBadRow: 'refuse' as const,
  adjustSplits: false,
});
const train = (seed: number) =>
  startTickerTraining(opened.services, temporal, context, 'AAPL', { ...SMALL_WISH, kinds: ['linear'], seed });

/** The run's state, once it is parked. */
async function parked(runId: string) {
  const state = async () => (await describeRun(temporal, context, runId)).progress?.[0]?.parked;
  await expect.poll(state, { timeout: 60_000, interval: 200 }).toBeDefined();
  return (await state())!;
}

test('a run stays parked for its three days and then gives up', { timeout: 120_000 }, async ({ skip }) => {
  if (env === undefined) return skip(missing);
  await withFile(BAD, (path) => takeInPrices(opened.services, context, files(path)));
  const { run_id: runId } = await train(1);
  const { since, gives_up_at: givesUpAt } = await parked(runId);
  expect(Date.parse(givesUpAt) - Date.parse(since)).toBe(3 * DAY_MS);
  await env.sleep(2 * DAY_MS);
  expect((await parked(runId)).since).toBe(since);
  await env.sleep(DAY_MS);
  await expect
    .poll(() => describeRun(temporal, context, runId), { timeout: 60_000 })
    .toMatchObject({ status: 'failed', failure: { code: 'GAVE_UP' } });
  expect(await env.currentTimeMs()).toBeGreaterThanOrEqual(Date.parse(since) + DEFAULT_PARKING.giveUpAfterMs);
});

test('a run that is mended on the second day goes on', { timeout: 120_000 }, async ({ skip }) => {
  if (env === undefined) return skip(missing);
  const { run_id: runId } = await train(2);
  await parked(runId);
  await env.sleep(1.5 * DAY_MS);
  const answer = await withFile(GOOD, (path) =>
    correctParked(opened.services, temporal, context, { runId, files: files(path), by: 'Ada', reason: 'late' }),
  );
  expect(answer.runs).toHaveLength(1);
  await expect
    .poll(() => describeRun(temporal, context, runId), { timeout: 60_000 })
    .toMatchObject({ status: 'completed', result: { ticker: 'AAPL' } });
});
