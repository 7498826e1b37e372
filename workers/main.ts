import { join } from 'node:path';
import { buildId, codeVersion } from '../config/code-version.ts';
import type { Config } from '../config/config.ts';
import { PROJECT_DIR } from '../config/project-dir.ts';
import { QUEUES } from '../domain/run.ts';
import { sweepFolders, sweepTemporaryFolders } from '../serving/abandoned-folders.ts';
import type { MlflowFollower } from '../serving/mlflow/mlflow-follower.ts';
import { openFollower } from '../serving/mlflow/open-follower.ts';
import { temporalPipelines } from '../serving/mlflow/pipeline-lookup.ts';
import { type Services, createServices } from '../serving/services.ts';
import { taskQueueStates } from '../serving/task-queues.ts';
import { TemporalGateway } from '../serving/temporal-gateway.ts';
import { openStores } from '../stores/open-stores.ts';
import { installCoreMetrics } from './core-metrics.ts';
import { registerQueueGauges } from './queue-gauges.ts';
import { type Queue, createWorkers, parseQueues } from './run-workers.ts';
import type { WorkerBuild } from './worker-build.ts';
import { WorkerMetrics } from './worker-metrics.ts';
import { keptWorkflowBundle } from './workflow-bundle.ts';

/** A process is gone so long after the grace time, cut off or not: `npm start` waits 5 s before it kills. */
const EXIT_MS = 4000;

/**
 * Composition root of a worker process: polls the named queues until SIGTERM or SIGINT, then drains within the grace
 * time. Prints `worker ready: …` when it polls. Ends the process, with 1, where something has not ended by then.
 */
export async function runWorker(config: Config, queueNames: readonly string[]): Promise<void> {
  const queues = parseQueues(queueNames);
  await sweepTemporaryFolders(new Date());
  const { deployment, versioning } = config.workers;
  const build = { id: buildId(PROJECT_DIR), deployment, pinned: versioning === 'pinned' };
  const stores = openStores(config);
  const tracing = await openTracingOf(config, build.id);
  const temporal = new TemporalGateway(config.temporal, { workflow: tracing === undefined ? [] : [tracing.client] });
  const metrics = await metricsOf(config, build, queues, temporal);
  const served = await metrics?.listen(config.workers.metricsPort!, config.workers.metricsHost);
  if (served !== undefined) console.log(`worker metrics: ${served.url}`);
  let follower: MlflowFollower | undefined;
  let following: Promise<void> | undefined;
  let cutOff: readonly string[] | undefined;
  try {
    const services = createServices(stores, codeVersion(PROJECT_DIR), config.gate, config.prices);
    // One follower is enough: of several processes one is at it at a time.
    if (queues.includes(QUEUES.orchestration)) {
      follower = mlflowFollower(config, services, stores, temporal);
      following = follower?.follow(stores.changes);
    }
    const workers = await createWorkers(queues, {
      services,
      temporal,
      address: config.temporal.address,
      namespace: config.temporal.namespace,
      trainingSlots: config.trainingSlots,
      retraining: config,
      onBehindNaive: config.onBehindNaive,
      drift: config,
      shutdownGraceMs: config.shutdownGraceMs,
      checkpointEveryMs: config.checkpointEveryMs,
      maxCrashes: config.maxCrashes,
      ...(queues.includes(QUEUES.orchestration) ? { atHandDir: await atHandFolder(config) } : {}),
      ...{ build, tracing: tracing?.worker },
      ...(metrics === undefined ? {} : { metrics }),
      ...(queues.includes(QUEUES.orchestration)
        ? { workflows: { workflowBundle: await keptWorkflowBundle({ traced: tracing !== undefined }) } }
        : {}),
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        workers.shutdown();
        // A store that hangs must not keep the process from ending.
        setTimeout(() => process.exit(1), config.shutdownGraceMs + EXIT_MS).unref();
      });
    }
    const running = workers.run();
    console.log(`worker ready: ${queues.join(', ')} (build ${build.id})`);
    await running;
    cutOff = workers.cutOff;
    if (cutOff !== undefined) console.error(sayCutOff(cutOff));
  } finally {
    follower?.stop();
    await served?.close();
    // Before what may hang: spans of what was done are sent.
    await tracing?.close();
    await following;
    await temporal.close();
    await stores.close();
  }
  // What was cut off may still be at it, which would keep the process.
  if (cutOff !== undefined) process.exit(1);
}

function sayCutOff(steps: readonly string[]): string {
  const what = steps.length === 0 ? 'a workflow task' : steps.join(', ');
  return `cut off, since it did not end within the grace time: ${what}; it is tried again by another worker`;
}

// What is not asked for is not even loaded.
async function openTracingOf({ tracing }: Config, version: string) {
  if (tracing === undefined) return undefined;
  const [{ openTracing }, { workerTracing }] = await Promise.all([
    import('../serving/tracing.ts'),
    import('./worker-tracing.ts'),
  ]);
  const opened = openTracing({ ...tracing, service: 'stockcast-worker', version, say: (line) => console.error(line) });
  return { client: opened.client, worker: workerTracing(opened), close: () => opened.close() };
}

/** Where steps at hand are noted; nowhere on a file system that is read only. */
async function atHandFolder({ stateDir }: Config): Promise<string | undefined> {
  const dir = join(stateDir, 'at-hand');
  try {
    await sweepFolders(dir, new Date());
    return dir;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM') throw error;
    console.error(
      `${dir} cannot be written to (${code}): a short step that kills this process is not given up. Set STOCKCAST_STATE_DIR.`,
    );
    return undefined;
  }
}

async function metricsOf(
  { workers }: Config,
  build: WorkerBuild,
  queues: readonly Queue[],
  temporal: TemporalGateway,
): Promise<WorkerMetrics | undefined> {
  if (workers.metricsPort === undefined) return undefined;
  const metrics = new WorkerMetrics(await installCoreMetrics());
  metrics.tellBuild(build);
  // The queues are the same for all workers: one kind of them tells.
  if (queues.includes(QUEUES.orchestration)) registerQueueGauges(metrics.registry, () => taskQueueStates(temporal));
  return metrics;
}

function mlflowFollower(
  { mlflow }: Config,
  services: Services,
  { database }: ReturnType<typeof openStores>,
  temporal: TemporalGateway,
): MlflowFollower | undefined {
  if (mlflow === undefined) return undefined;
  const say = (line: string) => console.log(line);
  return openFollower(mlflow, { services, database, pipelineOf: temporalPipelines(temporal), say });
}
