import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { DefaultLogger, type WorkflowBundle, bundleWorkflowCode } from '@temporalio/worker';
import type { Beat } from '../../activities/attempts.ts';
import type { Context } from '../../domain/context.ts';
import { type Json, canonicalJson } from '../../domain/identity.ts';
import { QUEUES } from '../../domain/run.ts';
import { type LearnedKind, kindNamed } from '../../models/kinds.ts';
import { materialiseFeatures } from '../../serving/feature-sets.ts';
import { modelKey } from '../../serving/object-keys.ts';
import type { Services } from '../../serving/services.ts';
import { snapshotTicker } from '../../serving/snapshots.ts';
import type { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { type TrainingTask, learningTask } from '../../serving/training.ts';
import { vantageOf } from '../../serving/vantages.ts';
import { type RunningWorkers, createWorkers } from '../../workers/run-workers.ts';
import { ThreadedTrainingPool } from '../../workers/threaded-training-pool.ts';
import { takeInTestUniverse } from './test-universe.ts';
import type { trainAlone } from './training-workflow.ts';
import { RETRAINING } from './retraining-settings.ts';

const WORKFLOWS = fileURLToPath(new URL('./training-workflow.ts', import.meta.url));

/** `PENDING_ACTIVITY_STATE_STARTED` of Temporal's API. */
const STARTED = 2;

let bundled: Promise<WorkflowBundle> | undefined;

/** Where steps of training are started alone. */
export interface LoneTrainingParts {
  readonly services: Services;
  readonly context: Context;
  readonly temporal: TemporalGateway;
  readonly at: { readonly address: string; readonly namespace: string };
}

/** What Temporal knows of an activity that has not ended. */
export interface PendingAttempt {
  readonly attempt: number;
  /** Whether a worker has it. */
  readonly isStarted: boolean;
  readonly beat?: Beat;
  readonly failure?: { readonly type: string; readonly message: string };
}

/** The training step of runs without the others, on the prices of the test universe; its queue is left to the test. */
export class LoneTraining {
  readonly #parts: LoneTrainingParts;
  readonly #workers: RunningWorkers;
  readonly #running: Promise<void>;
  #started = 0;

  private constructor(parts: LoneTrainingParts, workers: RunningWorkers) {
    this.#parts = parts;
    this.#workers = workers;
    this.#running = workers.run();
  }

  static async open(parts: LoneTrainingParts): Promise<LoneTraining> {
    const { services, temporal, at } = parts;
    await takeInTestUniverse(services, parts.context);
    bundled ??= bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: new DefaultLogger('WARN') });
    const workers = await createWorkers([QUEUES.orchestration], {
      ...{ services, temporal, ...at },
      ...{ trainingSlots: 1, shutdownGraceMs: 1000, retraining: RETRAINING },
      workflows: { workflowBundle: await bundled },
    });
    return new LoneTraining(parts, workers);
  }

  async task(kind: string, parameters: Json, ticker = 'AAPL'): Promise<TrainingTask> {
    const { services, context } = this.#parts;
    const { key, manifest } = await snapshotTicker(services, context, ticker, vantageOf(context));
    const { key: featuresKey, featureSet } = await materialiseFeatures(services, context, key);
    const panel = [{ ticker, datasetId: manifest.id, featuresKey }];
    const how = { window: 'all', scaleTargets: true, embargo: 0, seed: 7, madeFrom: [] } as const;
    return { runId: 'lone', horizon: 1, kind, parameters, ...how, asOf: manifest.lastSession, featureSet, panel };
  }

  start(task: TrainingTask): Promise<WorkflowHandle<typeof trainAlone>> {
    const { tenant, principal } = this.#parts.context;
    return this.#parts.temporal.client.workflow.start<typeof trainAlone>('trainAlone', {
      workflowId: `lone-${++this.#started}`,
      taskQueue: QUEUES.orchestration,
      args: [{ ...task, context: { tenant, principal } }],
    });
  }

  /** The attempt that is under way or waited for. */
  async pending(run: WorkflowHandle): Promise<PendingAttempt | undefined> {
    const [activity] = (await run.describe()).raw.pendingActivities ?? [];
    if (activity === undefined) return undefined;
    const [payload] = activity.heartbeatDetails?.payloads ?? [];
    const failure = activity.lastFailure;
    return {
      attempt: activity.attempt ?? 1,
      isStarted: activity.state === STARTED,
      ...(payload ? { beat: defaultPayloadConverter.fromPayload<Beat>(payload) } : {}),
      ...(failure
        ? { failure: { type: failure.applicationFailureInfo?.type ?? '', message: failure.message ?? '' } }
        : {}),
    };
  }

  /** Keys of the checkpoints that there are. */
  async checkpoints(): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of this.#parts.services.objects.list(this.#parts.context, 'checkpoints/')) keys.push(key);
    return keys;
  }

  /** The bytes of a model as they were stored. */
  async bytes(modelId: string, ticker = 'AAPL'): Promise<string> {
    const { services, context } = this.#parts;
    return new TextDecoder().decode(await services.objects.get(context, modelKey(ticker, modelId)));
  }

  /** The bytes that the same training gives where nothing disturbs it, in this process, on the same backend. */
  async undisturbed(task: TrainingTask): Promise<string> {
    const { services, context } = this.#parts;
    const pool = new ThreadedTrainingPool(1);
    try {
      const kind = kindNamed(task.kind) as LearnedKind;
      return canonicalJson((await pool.fit(await learningTask(services, context, kind, task))).object);
    } finally {
      await pool.close();
    }
  }

  async close(): Promise<void> {
    this.#workers.shutdown();
    await this.#running;
  }
}
