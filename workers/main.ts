import { join } from 'node:path';
import type { WorkflowBundle } from '@temporalio/worker';
import { codeVersion, sourcesHash } from '../config/code-version.ts';
import type { Config } from '../config/config.ts';
import { PROJECT_DIR } from '../config/project-dir.ts';
import { QUEUES } from '../domain/run.ts';
import { sweepTemporaryFolders } from '../serving/abandoned-folders.ts';
import type { MlflowFollower } from '../serving/mlflow/mlflow-follower.ts';
import { openFollower } from '../serving/mlflow/open-follower.ts';
import { temporalPipelines } from '../serving/mlflow/pipeline-lookup.ts';
import { type Services, createServices } from '../serving/services.ts';
import { TemporalGateway } from '../serving/temporal-gateway.ts';
import { openStores } from '../stores/open-stores.ts';
import { createWorkers, parseQueues } from './run-workers.ts';
import { WorkerMetrics } from './worker-metrics.ts';
import { keptWorkflowBundle } from './workflow-bundle.ts';

const BUNDLED = ['workflows', 'domain', 'package-lock.json'];

/**
 * Composition root of a worker process: polls the named queues until SIGTERM or SIGINT, then drains within the grace
 * time. Prints `worker ready: …` when it polls.
 */
export async function runWorker(config: Config, queueNames: readonly string[]): Promise<void> {
  const queues = parseQueues(queueNames);
  await sweepTemporaryFolders(new Date());
  const stores = openStores(config);
  const temporal = new TemporalGateway(config.temporal);
  const metrics = config.workerMetricsPort === undefined ? undefined : new WorkerMetrics();
  const served = await metrics?.listen(config.workerMetricsPort!);
  if (served !== undefined) console.log(`worker metrics: ${served.url}`);
  let follower: MlflowFollower | undefined;
  let following: Promise<void> | undefined;
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
      ...(metrics === undefined ? {} : { metrics }),
      ...(queues.includes(QUEUES.orchestration) ? { workflows: { workflowBundle: await bundle(config) } } : {}),
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => workers.shutdown());
    const running = workers.run();
    console.log(`worker ready: ${queues.join(', ')}`);
    await running;
  } finally {
    follower?.stop();
    await following;
    await served?.close();
    await temporal.close();
    await stores.close();
  }
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

function bundle({ stateDir }: Config): Promise<WorkflowBundle> {
  return keptWorkflowBundle(join(stateDir, 'cache'), sourcesHash(PROJECT_DIR, BUNDLED));
}
