import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure, Context as ActivityContext } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { QUEUES, TRAIN_TICKER, type TrainTickerResult, type TrainingPlan } from '../../domain/run.ts';
import { StubRecord, stubActivities } from '../support/backfill/stub-activities.ts';
import { type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { workflowCoverage } from '../support/workflow-coverage.ts';

const vantage = { asOf: '2013-03-01', knownAt: '2013-03-01T23:00:00.000Z' };
const plan = { horizons: [1], kinds: ['naive'], pooledKinds: [], members: {}, window: 504, scaleTargets: true };

let pipeline: TestPipeline;
let dir: string;
beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  dir = mkdtempSync(join(tmpdir(), 'stockcast-light-'));
  new StubRecord(dir).plant([]);
});
afterAll(async () => {
  await pipeline.stop();
  rmSync(dir, { recursive: true, force: true });
});

type Stubs = ReturnType<typeof stubActivities>;
type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

/** What a run of one ticker did, with these activities in place of the stubs: its result, and what went by the server. */
async function runWith(
  changed: (stubs: Stubs) => Partial<Stubs>,
  wish: Partial<TrainingPlan> = {},
): Promise<{
  readonly result: Promise<TrainTickerResult>;
  readonly byServer: () => Promise<string[]>;
  /** What the server heard of: stages, verdicts, marks of patches, and the activities that went its way. */
  readonly heard: () => Promise<string[]>;
}> {
  const { at, temporal } = pipeline;
  const stubs = stubActivities(new StubRecord(dir));
  const connection = await NativeConnection.connect({ address: at.address });
  const { workflows } = await workflowCoverage();
  const common = { connection, namespace: at.namespace, activities: { ...stubs, ...changed(stubs) } };
  const workers = await Promise.all(
    Object.values(QUEUES).map((taskQueue) =>
      Worker.create({ ...common, taskQueue, ...(taskQueue === QUEUES.orchestration ? workflows : {}) }),
    ),
  );
  const run = await temporal.client.workflow.start(TRAIN_TICKER, {
    workflowId: `light-${crypto.randomUUID()}`,
    taskQueue: QUEUES.orchestration,
    args: [
      {
        ...{ version: 1, ticker: 'AAPL', vantage, live: false },
        context: { tenant: 'default', principal: 'tester' },
        plan: { ...plan, embargo: 0, seed: 7, requireApproval: false, parameters: {}, ...wish },
      },
    ],
  });
  const working = workers.map((worker) => worker.runUntil(run.result().catch(() => undefined)));
  const result = run.result() as Promise<TrainTickerResult>;
  result.catch(() => undefined);
  await Promise.all(working);
  await connection.close();
  const scheduledBy = ({ activityTaskScheduledEventAttributes: scheduled }: HistoryEvent) =>
    [scheduled?.activityType?.name ?? []].flat();
  const patchOf = ({ markerRecordedEventAttributes: marker }: HistoryEvent) =>
    marker?.markerName === 'core_patch' ? ['patch'] : [];
  const attributesOf = ({ upsertWorkflowSearchAttributesEventAttributes: upserted }: HistoryEvent) =>
    Object.entries(upserted?.searchAttributes?.indexedFields ?? {})
      .filter(([name]) => name.startsWith('Stockcast'))
      .map(([name, { data }]) => `${name.replace('Stockcast', '')}=${Buffer.from(data!).toString()}`)
      .sort();
  const events = async () => (await run.fetchHistory()).events ?? [];
  return {
    result,
    byServer: async () => (await events()).flatMap(scheduledBy),
    heard: async () =>
      (await events()).flatMap((event) => [...patchOf(event), ...attributesOf(event), ...scheduledBy(event)]),
  };
}

it('a run asks the server only for the activities that take long', async () => {
  const { result, byServer } = await runWith(() => ({}));
  expect((await result).promotions).toHaveLength(1);
  expect(await byServer()).toEqual(['ingest', 'preprocess', 'train', 'evaluate']);
});

it('a run computes its baselines at hand, and has the candidates computed by workers that train', async () => {
  const trained: string[] = [];
  const { result, byServer } = await runWith(
    (stubs) => ({
      train: async (task) => {
        trained.push(`${task.kind} ${ActivityContext.current().info.isLocal ? 'at hand' : 'by server'}`);
        return stubs.train(task);
      },
    }),
    { kinds: ['naive', 'drift', 'linear'], baselines: ['naive', 'drift'] },
  );
  expect((await result).promotions).toHaveLength(1);
  expect(trained.sort()).toEqual(['drift at hand', 'linear by server', 'naive at hand']);
  expect(await byServer()).toEqual(['ingest', 'preprocess', 'train', 'evaluate']);
});

it('a baseline that cannot be computed at hand is computed as a candidate is', async () => {
  const attempts: string[] = [];
  const { result, byServer } = await runWith(
    () => ({
      evaluate: async () => {
        const { isLocal, attempt } = ActivityContext.current().info;
        attempts.push(`${isLocal ? 'at hand' : 'by server'} ${attempt}`);
        if (attempts.length < 3) throw new Error('the database is away');
        return { reused: false };
      },
    }),
    { baselines: ['naive'] },
  );
  expect((await result).promotions).toHaveLength(1);
  expect(attempts).toEqual(['at hand 1', 'by server 1', 'by server 2']);
  expect(await byServer()).toEqual(['ingest', 'preprocess', 'evaluate']);
});

it('a light activity that fails where the run is at hand is tried again by way of the server', async () => {
  const attempts: string[] = [];
  const { result, byServer } = await runWith((stubs) => ({
    decide: async (input) => {
      const { isLocal, attempt } = ActivityContext.current().info;
      attempts.push(`${isLocal ? 'at hand' : 'by server'} ${attempt}`);
      if (attempts.length < 3) throw new Error('the database is away');
      return stubs.decide(input);
    },
  }));
  expect((await result).promotions).toHaveLength(1);
  expect(attempts).toEqual(['at hand 1', 'by server 1', 'by server 2']);
  expect(await byServer()).toEqual(['ingest', 'preprocess', 'train', 'evaluate', 'decide']);
});

it('one that says that trying again is in vain is not tried again', async () => {
  let attempts = 0;
  const { result, byServer } = await runWith(() => ({
    promote: async () => {
      attempts++;
      throw ApplicationFailure.nonRetryable('the model is gone', 'MODEL_MISSING');
    },
  }));
  await expect(result).rejects.toMatchObject({ cause: { type: 'MODEL_MISSING' } });
  expect(attempts).toBe(1);
  expect(await byServer()).not.toContain('promote');
});

it('a run tells of a stage that is done at hand only where that has to go by the server', async () => {
  const before = [
    ...['patch', 'Stage="ingest"', 'ingest'],
    ...['Stage="preprocess"', 'preprocess', 'Stage="train"', 'train'],
  ];
  const judged = ['Stage="evaluate"', 'evaluate'];
  const smooth = await runWith(() => ({}));
  await smooth.result;
  expect(await smooth.heard()).toEqual([...before, ...judged, 'Stage="done"', 'Verdict="naive"']);

  let attempts = 0;
  const rough = await runWith((stubs) => ({
    promote: async (input) => {
      attempts++;
      if (attempts < 2) throw new Error('the database is away');
      return stubs.promote(input);
    },
  }));
  await rough.result;
  expect(await rough.heard()).toEqual([
    ...before,
    ...judged,
    ...['Stage="promote"', 'promote', 'Stage="done"', 'Verdict="naive"'],
  ]);
});

it('a run that fails at hand says in which stage', async () => {
  const { result, heard } = await runWith(() => ({
    forecast: async () => {
      throw ApplicationFailure.nonRetryable('the model is gone', 'MODEL_MISSING');
    },
  }));
  await expect(result).rejects.toMatchObject({ cause: { type: 'MODEL_MISSING' } });
  expect((await heard()).slice(-2)).toEqual(['Stage="forecast"', 'Verdict="failed"']);
});
