import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { codeVersion } from '../../config/code-version.ts';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { type Context, systemClock } from '../../domain/context.ts';
import type { PriceSettings } from '../../domain/price-source.ts';
import { QUEUES } from '../../domain/run.ts';
import type { RunView } from '../../serving/run-view.ts';
import { describeRun } from '../../serving/runs.ts';
import { type Services, createServices } from '../../serving/services.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { openStores } from '../../stores/open-stores.ts';
import { type Queue, type RunningWorkers, type WorkerParts, createWorkers } from '../../workers/run-workers.ts';
import { freshDatabase } from './postgres.ts';
import { freshNamespace } from './temporal.ts';
import { workflowCoverage } from './workflow-coverage.ts';
import { RETRAINING } from './retraining-settings.ts';

const SMALL_FOREST = { nTrees: 10 };
const SHORT_TRAINING = { epochs: 2 };

/** The training of most tests: one horizon, small forests and networks that are hardly trained. */
export const SMALL_WISH = {
  seed: 7,
  horizons: [1],
  parameters: {
    ...{ 'random-forest': SMALL_FOREST, 'pooled-random-forest': SMALL_FOREST },
    ...{ lstm: SHORT_TRAINING, 'pooled-lstm': SHORT_TRAINING },
  },
};

/** The whole pipeline in this process, on a database, a namespace and an object folder of its own. */
export interface TestPipeline {
  readonly services: Services;
  readonly temporal: TemporalGateway;
  readonly context: Context;
  readonly databaseUrl: string;
  readonly objectsDir: string;
  readonly at: { readonly address: string; readonly namespace: string };
  /** Runs real workers on some queues, until what it returns is called, or `stop`. */
  work(queues: readonly Queue[]): Promise<() => Promise<void>>;
  /** Waits until a run has ended. */
  ended(runId: string): Promise<RunView>;
  stop(): Promise<void>;
}

// Failures that tests bring about on purpose need no stack traces in their output.
Runtime.install({ logger: new DefaultLogger('ERROR') });

/** Opens real stores and, unless told otherwise, runs real workers on all queues. */
export async function startPipeline(
  options: { workers?: boolean; prices?: PriceSettings } & Pick<WorkerParts, 'drift' | 'onBehindNaive'> = {},
): Promise<TestPipeline> {
  const [database, at] = await Promise.all([freshDatabase(), freshNamespace()]);
  const objectsDir = mkdtempSync(join(tmpdir(), 'stockcast-objects-'));
  const stores = openStores({ database: { url: database.url, poolSize: 5, statementTimeoutMs: 30_000 }, objectsDir });
  const services = createServices(stores, codeVersion(PROJECT_DIR), undefined, options.prices);
  const temporal = new TemporalGateway({ ...at, uiUrl: 'http://127.0.0.1:8233' });
  const context = { tenant: 'default', principal: 'tester', clock: systemClock };
  const coverage = await workflowCoverage();
  const working: { readonly workers: RunningWorkers; readonly running: Promise<void> }[] = [];
  const work = async (queues: readonly Queue[]) => {
    const workers = await createWorkers(queues, {
      services,
      temporal,
      address: at.address,
      namespace: at.namespace,
      trainingSlots: 2,
      retraining: RETRAINING,
      ...(options.drift === undefined ? {} : { drift: options.drift }),
      ...(options.onBehindNaive === undefined ? {} : { onBehindNaive: options.onBehindNaive }),
      shutdownGraceMs: 2000,
      workflows: coverage.workflows,
    });
    const running = workers.run();
    working.push({ workers, running });
    return () => {
      workers.shutdown();
      return running;
    };
  };
  if (options.workers !== false) await work(Object.values(QUEUES));
  return {
    services,
    temporal,
    context,
    databaseUrl: database.url,
    objectsDir,
    at,
    work,
    ended: async (runId) => {
      for (;;) {
        const view = await describeRun(temporal, context, runId);
        if (view.status !== 'running') return view;
        await sleep(100);
      }
    },
    stop: async () => {
      for (const { workers } of working) workers.shutdown();
      await Promise.all(working.map(({ running }) => running));
      coverage.merge();
      await temporal.close();
      await stores.close();
      await database.drop();
      rmSync(objectsDir, { recursive: true, force: true });
    },
  };
}
