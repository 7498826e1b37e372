import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BACKFILL, type BackfillInput, partitionSessions } from '../../domain/backfill.ts';
import { addSessions } from '../../domain/calendar.ts';
import { systemClock } from '../../domain/context.ts';
import { QUEUES } from '../../domain/run.ts';
import { type BackfillStand, endedOf } from '../../serving/backfills/backfill-view.ts';
import {
  describeBackfill,
  failedPartitions,
  listBackfills,
  pauseBackfill,
  resumeBackfill,
  retryFailed,
} from '../../serving/backfills/backfills.ts';
import { cancelRun } from '../../serving/runs.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { keptWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { StubRecord } from '../support/backfill/stub-activities.ts';
import { type StubWork, WorkerProcess } from '../support/backfill/worker-process.ts';
import { startImpatientServer } from '../support/impatient-server.ts';

const ID = 'backfill/default/2012/all';
const TICKERS = Array.from({ length: 10 }, (_, i) => `T${i}`);
const FROM = '2010-01-04';
const SCOPE = { from: FROM, to: addSessions(FROM, 29 * 21), every: 21 };
const SESSIONS = partitionSessions(SCOPE);
const ALL = TICKERS.flatMap((ticker) => SESSIONS.map((asOf) => `${ticker} ${asOf}`));
const PLANTED = [5, 50, 111, 112, 180, 240, 299].map((i) => ALL[i]!);
const CONTEXT = { tenant: 'default', principal: 'tester', clock: systemClock };
const INPUT: BackfillInput = {
  version: 1,
  context: { tenant: 'default', principal: 'tester' },
  tickers: TICKERS,
  ...SCOPE,
  maxInFlight: 6,
};

let environment: TestWorkflowEnvironment;
let temporal: TemporalGateway;
let dir: string;
let record: StubRecord;
let work: StubWork;
const workers: WorkerProcess[] = [];
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-backfill-'));
  record = new StubRecord(dir);
  record.plant(PLANTED);
  // So that so many partitions take several executions.
  environment = await startImpatientServer(600);
  const bundle = join(dir, 'workflows.js');
  writeFileSync(bundle, (await keptWorkflowBundle()).code);
  const { address, namespace = 'default' } = environment;
  work = { address, namespace, dir, bundle };
  temporal = new TemporalGateway({ address, namespace, uiUrl: undefined });
  await newWorker();
  await newWorker();
}, 120_000);
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await temporal?.close();
  await environment?.teardown();
  rmSync(dir, { recursive: true, force: true });
});

async function newWorker(): Promise<WorkerProcess> {
  const worker = await WorkerProcess.start(work);
  workers.push(worker);
  return worker;
}

const start = () =>
  temporal.client.workflow.start(BACKFILL, { workflowId: ID, taskQueue: QUEUES.orchestration, args: [INPUT] });
const ended = ({ counts }: BackfillStand) => endedOf(counts);

/** Waits until the backfill has come so far. */
async function until(reached: (progress: BackfillStand) => boolean): Promise<BackfillStand> {
  for (;;) {
    const { progress, status } = await describeBackfill(temporal, CONTEXT, ID);
    if (progress !== undefined && reached(progress)) return progress;
    if (status !== 'running') throw new Error(`it is ${status}: ${JSON.stringify(progress)}`);
    await sleep(150);
  }
}

async function untilEnded() {
  for (;;) {
    const view = await describeBackfill(temporal, CONTEXT, ID);
    if (view.status !== 'running' && view.progress !== undefined) return view;
    await sleep(100);
  }
}

async function open(): Promise<number> {
  return (await temporal.client.workflow.count("ExecutionStatus = 'Running'")).count;
}

test('300 partitions outlive failures, a pause, killed workers and a cancel, and come about in the end', async () => {
  await start();
  await until((progress) => ended(progress) >= 40);
  await workers[0]!.kill();
  await newWorker();

  await until((progress) => ended(progress) >= 90);
  await pauseBackfill(temporal, CONTEXT, ID);
  const paused = await until(({ stage, running }) => stage === 'paused' && running.length === 0);
  expect(paused.seconds_left).toBeNull();
  const promotedAtPause = new Set(record.promoted()).size;
  expect(promotedAtPause).toBe(paused.counts.made);
  // Not even a dead worker makes it forget that it is paused.
  await workers[1]!.kill();
  await newWorker();
  expect(await until(({ total }) => total > 0)).toMatchObject({ stage: 'paused', counts: paused.counts, running: [] });
  expect(new Set(record.promoted()).size).toBe(promotedAtPause);
  await resumeBackfill(temporal, CONTEXT, ID);

  const going = await until((progress) => ended(progress) >= 150 && progress.per_minute !== null);
  expect(going.seconds_left).toBeGreaterThan(0);
  await cancelRun(temporal, CONTEXT, ID);
  const cancelled = await untilEnded();
  expect(cancelled.status).toBe('cancelled');
  while ((await open()) > 0) await sleep(100);
  const promoted = new Set(record.promoted());
  expect(promoted.size).toBeLessThan(ALL.length - PLANTED.length);

  await start();
  const second = await untilEnded();
  expect(second.status).toBe('completed');
  // Whatever was promoted before the cancel arrived stands.
  expect(new Set(record.promoted()).size).toBe(ALL.length - PLANTED.length);
  expect(second.progress).toMatchObject({
    stage: 'done',
    total: ALL.length,
    counts: { standing: promoted.size, made: ALL.length - PLANTED.length - promoted.size, failed: 7, unavailable: 0 },
    failures_by_code: { OBJECT_DAMAGED: 7 },
  });
  const failed = await failedPartitions(temporal, CONTEXT, ID);
  expect(failed.partitions.map(({ ticker, as_of }) => `${ticker} ${as_of}`)).toEqual(PLANTED);
  expect(second.progress!.newest_failures.map(({ ticker, as_of }) => `${ticker} ${as_of}`).sort()).toEqual(
    [...PLANTED].sort(),
  );

  // A ticker's partitions were made in the order of their sessions.
  for (const ticker of TICKERS) {
    const own = record.promoted().filter((partition) => partition.startsWith(`${ticker} `));
    expect(own).toEqual([...own].sort());
  }

  record.plant([]);
  await retryFailed(temporal, CONTEXT, ID);
  const third = await untilEnded();
  expect(third).toMatchObject({ status: 'completed', progress: { total: 7, counts: { made: 7, failed: 0 } } });
  expect(new Set(record.promoted())).toEqual(new Set(ALL));
  await expect(retryFailed(temporal, CONTEXT, ID)).rejects.toThrow('none of its partitions failed');

  let continued = 0;
  for await (const { historyLength, status, searchAttributes } of temporal.client.workflow.list()) {
    expect(historyLength).toBeLessThan(1200);
    if (status.name !== 'CONTINUED_AS_NEW') continue;
    continued++;
    expect(searchAttributes).not.toHaveProperty('StockcastVerdict');
  }
  expect(continued).toBeGreaterThan(3);
  expect(await listBackfills(temporal, CONTEXT, 100)).toHaveLength(3);
}, 600_000);
