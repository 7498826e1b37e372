import { IllegalStateError } from '@temporalio/common';
import {
  GracefulShutdownPeriodExpiredError,
  NativeConnection,
  type NativeConnectionOptions,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { dataActivities } from '../activities/data.ts';
import { type DriftSettings, driftActivities } from '../activities/drift.ts';
import { experimentActivities } from '../activities/experiments.ts';
import { orchestrationActivities } from '../activities/orchestration.ts';
import { scheduledActivities } from '../activities/scheduled.ts';
import { scoringActivities } from '../activities/scoring.ts';
import { trainingActivities } from '../activities/training.ts';
import { StockcastError } from '../domain/errors.ts';
import { DEFAULT_PARKING } from '../domain/parking.ts';
import { QUEUES } from '../domain/run.ts';
import type { OnBehindNaive } from '../domain/scoring.ts';
import type { RetrainingSettings } from '../serving/retrain-restated.ts';
import type { Services } from '../serving/services.ts';
import type { TemporalGateway } from '../serving/temporal-gateway.ts';
import { atHandJournal } from './at-hand-journal.ts';
import { StepsUnderWay } from './steps-under-way.ts';
import { ThreadedTrainingPool } from './threaded-training-pool.ts';
import { type WorkerBuild, deploymentOptions } from './worker-build.ts';
import type { WorkerMetrics } from './worker-metrics.ts';
import type { WorkerTracing } from './worker-tracing.ts';
import { keptWorkflowBundle } from './workflow-bundle.ts';

export type Queue = (typeof QUEUES)[keyof typeof QUEUES];

/** What workers need, put together by their composition root. */
export interface WorkerParts {
  readonly services: Services;
  readonly temporal: TemporalGateway;
  readonly address: NativeConnectionOptions['address'];
  readonly namespace: string;
  readonly trainingSlots: number;
  /** What scheduled retrainings take from the configuration. */
  readonly retraining: RetrainingSettings;
  readonly shutdownGraceMs: number;
  /** Shortest time between two checkpoints of a training; by default 5 s. */
  readonly checkpointEveryMs?: number;
  /** Deaths of the process in a row after which what it computed is given up; by default 5. */
  readonly maxCrashes?: number;
  /** Where steps that are done at hand are noted while they are under way; absent: nowhere. */
  readonly atHandDir?: string | undefined;
  /** What is done about what serves and is behind naive; default: it is noted. */
  readonly onBehindNaive?: OnBehindNaive;
  /** What is done about what serves and has drifted; default: it is noted. */
  readonly drift?: DriftSettings;
  /** Counts what activities do. */
  readonly metrics?: WorkerMetrics;
  /** Traces what they do; `workflows` must be bundled for it. */
  readonly tracing?: WorkerTracing | undefined;
  /** The code that they run, as Temporal knows it. */
  readonly build?: WorkerBuild;
  /** A bundle made beforehand, with the sinks that it calls; by default the workflows are bundled here. */
  readonly workflows?: Pick<WorkerOptions, 'workflowBundle' | 'sinks'>;
}

/** Trains nothing, whatever has drifted. */
const NOTE_DRIFT: DriftSettings = {
  onDrift: 'note',
  seed: 0,
  trainingWindow: undefined,
  requireApproval: false,
  parking: DEFAULT_PARKING,
  maxInFlight: 1,
};

/**
 * How long after the grace time workers end without the steps that do not heed being cancelled: a store that accepts and
 * never answers, say. A step that heeds it has to end its thread and to tell the server within this time.
 */
const FORCE_MS = 3000;

/** Workers that poll their queues; `run` settles when all have stopped, and one that fails stops the others. */
export interface RunningWorkers {
  run(): Promise<void>;
  /** Stops polling and lets what runs finish within the grace time; what has not ended `FORCE_MS` later is cut off. */
  shutdown(): void;
  /**
   * What `run` left behind, such as `ingest of train-AAPL`; none where it was not an activity, undefined where nothing
   * was. Such steps may still be at it: whoever runs workers then ends the process.
   */
  readonly cutOff: readonly string[] | undefined;
}

/**
 * Makes one worker per queue in this process: workflows and light activities on `stockcast`, reading and writing on
 * `stockcast-data`, computing on `stockcast-training` with as many slots as threads. Baselines are computed beside the
 * workflows, where there is a thread more.
 */
export async function createWorkers(queues: readonly Queue[], parts: WorkerParts): Promise<RunningWorkers> {
  const connection = await NativeConnection.connect({
    ...(parts.address === undefined ? {} : { address: parts.address }),
  });
  const { services, temporal, namespace, metrics, tracing } = parts;
  const journal = parts.atHandDir === undefined ? undefined : atHandJournal(parts.atHandDir);
  const steps = new StepsUnderWay();
  const counted = [tracing?.activity, metrics?.interceptor, journal].filter((each) => each !== undefined);
  const common = {
    ...{ connection, namespace },
    shutdownGraceTime: parts.shutdownGraceMs,
    shutdownForceTime: parts.shutdownGraceMs + FORCE_MS,
    interceptors: { activity: [steps.interceptor, ...counted] },
    ...(parts.build === undefined ? {} : deploymentOptions(parts.build)),
  };
  // Baselines are computed by the workers of the runs, and need not wait there for a training to end.
  const nThreads = parts.trainingSlots + (queues.includes(QUEUES.orchestration) ? 1 : 0);
  const pool = new ThreadedTrainingPool(nThreads, parts.checkpointEveryMs);
  const training = trainingActivities(services, pool, parts.maxCrashes);
  const makers: Record<Queue, () => Promise<Worker>> = {
    [QUEUES.orchestration]: async () => {
      const workflows = parts.workflows ?? { workflowBundle: await keptWorkflowBundle() };
      return Worker.create({
        ...common,
        taskQueue: QUEUES.orchestration,
        ...workflows,
        sinks: { ...workflows.sinks, ...tracing?.sinks },
        activities: {
          ...{ train: training.train, evaluate: training.evaluate },
          ...orchestrationActivities(services, temporal.client),
          ...scheduledActivities(services, parts.retraining),
          ...scoringActivities(services, parts.onBehindNaive ?? 'note'),
          ...driftActivities(services, temporal, parts.drift ?? NOTE_DRIFT),
          ...experimentActivities(services),
        },
      });
    },
    [QUEUES.data]: () => Worker.create({ ...common, taskQueue: QUEUES.data, activities: dataActivities(services) }),
    [QUEUES.training]: () =>
      Worker.create({
        ...common,
        taskQueue: QUEUES.training,
        maxConcurrentActivityTaskExecutions: parts.trainingSlots,
        activities: training,
      }),
  };
  const workers = await Promise.all(queues.map((queue) => makers[queue]()));
  const shutdown = () => {
    // What does not finish within the grace time is cut off; what it has done by now is kept.
    pool.checkpointNow();
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  let cutOff: readonly string[] | undefined;
  return {
    get cutOff() {
      return cutOff;
    },
    run: async () => {
      const ended = await Promise.allSettled(
        workers.map((worker) =>
          worker.run().catch((error: unknown) => {
            // The others would go on without it, and nobody would start this process again.
            shutdown();
            throw error;
          }),
        ),
      );
      const failures = ended.filter((each) => each.status === 'rejected');
      if (failures.some(({ reason }) => isOfForce(reason))) cutOff = steps.names;
      await pool.close();
      await connection.close();
      const failed = failures.find(({ reason }) => !isOfForce(reason));
      if (failed !== undefined) throw failed.reason;
    },
    shutdown,
  };
}

/** Whether a worker ended without what had not ended; by its last call it may say only that this is still at work. */
function isOfForce(error: unknown): boolean {
  if (error instanceof GracefulShutdownPeriodExpiredError) return true;
  return error instanceof IllegalStateError && error.message.startsWith('Worker still in use');
}

/**
 * Reads the names of task queues.
 * @throws StockcastError REQUEST_INVALID naming the queues that there are
 */
export function parseQueues(names: readonly string[]): Queue[] {
  const known = Object.values(QUEUES);
  return names.map((name) => {
    const queue = known.find((candidate) => candidate === name);
    if (queue !== undefined) return queue;
    throw new StockcastError('REQUEST_INVALID', {
      field: `queue "${name}"`,
      problem: `expected one of ${known.join(', ')}`,
    });
  });
}
