import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Mending } from '../../domain/parking.ts';
import { QUEUES, TRAIN_TICKER, type TrainTickerResult, type TrainingPlan } from '../../domain/run.ts';
import type { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { StubRecord, stubActivities } from './backfill/stub-activities.ts';

type Stubs = ReturnType<typeof stubActivities>;
type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

const VANTAGE = { asOf: '2013-03-01', knownAt: '2013-03-01T23:00:00.000Z' };
const PLAN = { horizons: [1], kinds: ['naive'], pooledKinds: [], members: {}, window: 504, scaleTargets: true };

/** Where runs with stubbed activities run. */
export interface StubbedSurroundings {
  readonly temporal: TemporalGateway;
  readonly at: { readonly address: string; readonly namespace: string };
  readonly workflows: Pick<WorkerOptions, 'workflowBundle' | 'sinks'>;
}

/** How a run differs from one of naive alone as of a past day. */
export interface StubbedRun {
  readonly changed?: (stubs: Stubs) => Partial<Stubs>;
  readonly wish?: Partial<TrainingPlan>;
  readonly live?: boolean;
  /** What people have mended in executions before. */
  readonly mended?: readonly Mending[];
  /** Done once the run has begun. */
  readonly meanwhile?: (run: WorkflowHandle) => Promise<void>;
}

/** A run of one ticker that has ended. */
export interface StubbedOutcome {
  readonly run: WorkflowHandle;
  readonly result: Promise<TrainTickerResult>;
  readonly events: readonly HistoryEvent[];
  /** The activities that went by way of the server. */
  readonly byServer: readonly string[];
  /** What the server heard of: stages, verdicts, marks of patches, and the activities that went its way. */
  readonly heard: readonly string[];
}

/** Runs `trainTicker` with the real workflow over stubbed activities, until it has ended. */
export async function runStubbed(
  { temporal, at, workflows }: StubbedSurroundings,
  { changed = () => ({}), wish = {}, live = false, mended = [], meanwhile }: StubbedRun = {},
): Promise<StubbedOutcome> {
  const dir = mkdtempSync(join(tmpdir(), 'stockcast-stubbed-'));
  const record = new StubRecord(dir);
  record.plant([]);
  const stubs = stubActivities(record);
  const connection = await NativeConnection.connect({ address: at.address });
  const common = { connection, namespace: at.namespace, activities: { ...stubs, ...changed(stubs) } };
  const workers = await Promise.all(
    Object.values(QUEUES).map((taskQueue) =>
      Worker.create({ ...common, taskQueue, ...(taskQueue === QUEUES.orchestration ? workflows : {}) }),
    ),
  );
  const run = await temporal.client.workflow.start(TRAIN_TICKER, {
    workflowId: `stubbed-${crypto.randomUUID()}`,
    taskQueue: QUEUES.orchestration,
    args: [
      {
        ...{ version: 1, ticker: 'AAPL', vantage: VANTAGE, live, mended },
        context: { tenant: 'default', principal: 'tester' },
        plan: { ...PLAN, embargo: 0, seed: 7, requireApproval: false, parameters: {}, ...wish },
      },
    ],
  });
  const result = run.result() as Promise<TrainTickerResult>;
  const over = result.then(
    () => {},
    () => {},
  );
  await Promise.all([...workers.map((worker) => worker.runUntil(over)), meanwhile?.(run)]);
  await connection.close();
  rmSync(dir, { recursive: true, force: true });
  const events = (await run.fetchHistory()).events ?? [];
  return {
    ...{ run, result, events },
    byServer: events.flatMap(scheduledBy),
    heard: events.flatMap((event) => [...patchOf(event), ...attributesOf(event), ...scheduledBy(event)]),
  };
}

function scheduledBy({ activityTaskScheduledEventAttributes: scheduled }: HistoryEvent): string[] {
  const name = scheduled?.activityType?.name;
  return name ? [name] : [];
}

function patchOf({ markerRecordedEventAttributes: marker }: HistoryEvent): string[] {
  return marker?.markerName === 'core_patch' ? ['patch'] : [];
}

function attributesOf({ upsertWorkflowSearchAttributesEventAttributes: upserted }: HistoryEvent): string[] {
  return Object.entries(upserted?.searchAttributes?.indexedFields ?? {})
    .filter(([name]) => name.startsWith('Stockcast'))
    .map(([name, { data }]) => `${name.replace('Stockcast', '')}=${Buffer.from(data!).toString()}`)
    .sort();
}
