import type { SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Horizon } from '../domain/horizon.ts';
import { type Json, canonicalJson, contentHash } from '../domain/identity.ts';
import {
  type ModelIdentity,
  type ModelVersion,
  POOL,
  type SearchRecord,
  type TrainingWindow,
  identityOf,
} from '../domain/model-version.ts';
import { type Kind, type LearnedKind, kindNamed } from '../models/kinds.ts';
import { type ComputationOptions, withCheckpoints } from './checkpoints.ts';
import { readFeatures } from './feature-sets.ts';
import { modelKey } from './object-keys.ts';
import type { Services } from './services.ts';
import type { FittedModel, LearningTask, TrainingPool } from './training-pool.ts';
import { hasSeries } from './walk-forward-series.ts';

/** The materialised features of one ticker, and the data they were computed from. */
export interface TrainingData {
  readonly ticker: string;
  readonly datasetId: string;
  readonly featuresKey: string;
}

/** Which model to train on which materialised features. */
export interface TrainingTask {
  readonly runId: string;
  readonly horizon: Horizon;
  readonly kind: string;
  readonly window: TrainingWindow;
  readonly scaleTargets: boolean;
  readonly embargo: number;
  readonly seed: number;
  readonly parameters: Json;
  readonly search?: SearchRecord;
  readonly asOf: SessionDate;
  readonly featureSet: string;
  /** One ticker; several for a pooled model. */
  readonly panel: readonly TrainingData[];
  /** Ids of an ensemble's members, in its kind's order; of the pooled model that a ticker adopts; otherwise none. */
  readonly madeFrom: readonly string[];
  /** Makes a model that is there already once more, to the same bytes. */
  readonly again?: boolean;
}

/** What training brought: `reused` when the model was there already. */
export interface TrainedModel {
  readonly modelId: string;
  readonly reused: boolean;
  /** The fraction that a checkpoint saved having to compute again; absent: it was made in one go. */
  readonly resumedFrom?: number;
}

/**
 * Makes a model, stores it under the hash of everything that decided it, and registers it. A model that is already there
 * is not made again, and one whose fit was cut short is made from where it was. An ensemble is no more than its members'
 * names; a pooled kind of one ticker adopts a pooled model.
 * @throws StockcastError MODEL_KIND_UNKNOWN, MODEL_INPUT_INVALID, TOO_FEW_SESSIONS, MODEL_MISSING
 */
export async function trainModel(
  services: Services,
  pool: TrainingPool,
  context: Context,
  task: TrainingTask,
  options: ComputationOptions = {},
): Promise<TrainedModel> {
  const kind = kindNamed(task.kind);
  const sources = await Promise.all(task.madeFrom.map((id) => registered(services, context, id)));
  const identity = await identityFor(services, pool, kind, task, sources);
  const id = contentHash({ ...identity });
  const adopted = isAdoption(kind, task) ? sources[0]! : undefined;
  if (adopted !== undefined && !(await hasSeries(services, context, identity.ticker, adopted.id))) {
    throw new StockcastError('NOT_IN_POOL', { ticker: identity.ticker, kind: kind.name, model: adopted.id });
  }
  const objectKey = adopted?.objectKey ?? modelKey(identity.ticker, id);
  const known = await services.registry.find(context, id);
  const isThere = known !== undefined && (await services.objects.exists(context, objectKey));
  if (isThere && task.again !== true) return { modelId: id, reused: true };

  const register = (nTrainingRows: number) =>
    services.registry.register(context, {
      ...identity,
      id,
      asOf: task.asOf,
      objectKey,
      nTrainingRows,
      trainedAt: context.clock.now().toISOString(),
      runId: task.runId,
    });
  const store = async ({ object, nTrainingRows }: FittedModel) => {
    await services.objects.put(context, objectKey, new TextEncoder().encode(canonicalJson(object)));
    await register(nTrainingRows);
  };
  const made = { modelId: id, reused: false };
  if (adopted === undefined && 'learner' in kind) {
    const computation = { ticker: identity.ticker, identity: { job: 'fit', model: id } };
    const { resumedFrom } = await withCheckpoints(services, context, computation, options, async (taskOptions) =>
      store(await pool.fit(await learningTask(services, context, kind, task), taskOptions)),
    );
    return resumedFrom === undefined ? made : { ...made, resumedFrom };
  }
  const nTrainingRows = Math.max(...sources.map((source) => source.nTrainingRows));
  if (adopted !== undefined) await register(nTrainingRows);
  else await store({ object: { kind: kind.name, members: [...task.madeFrom] }, nTrainingRows });
  return made;
}

/** The task of the training threads that fits or evaluates what `task` describes. */
export async function learningTask(
  services: Services,
  context: Context,
  { learner }: LearnedKind,
  task: Omit<TrainingTask, 'runId' | 'asOf' | 'featureSet' | 'madeFrom' | 'kind' | 'again'>,
): Promise<LearningTask> {
  const { horizon, window, scaleTargets, embargo, seed, search } = task;
  const panel = await Promise.all(
    task.panel.map(({ ticker, featuresKey }) => readFeatures(services, context, ticker, featuresKey)),
  );
  return {
    learner: learner.name,
    horizon,
    window,
    scaleTargets,
    embargo,
    seed,
    parameters: learner.parameters(task.parameters),
    panel,
    ...(search === undefined ? {} : { after: search.until }),
  };
}

/** A registered model. @throws StockcastError MODEL_MISSING */
export async function registered(services: Services, context: Context, modelId: string): Promise<ModelVersion> {
  const model = await services.registry.find(context, modelId);
  if (model !== undefined) return model;
  throw new StockcastError('MODEL_MISSING', { ticker: '?', kind: modelId, horizon: '?', how: 'start the run again' });
}

async function identityFor(
  services: Services,
  pool: TrainingPool,
  kind: Kind,
  task: TrainingTask,
  sources: readonly ModelVersion[],
): Promise<ModelIdentity> {
  const { horizon, window, scaleTargets, embargo, seed, search, featureSet, madeFrom, panel } = task;
  const [first] = panel as [TrainingData];
  const { codeVersion } = services;
  if (isAdoption(kind, task)) {
    const { ticker, datasetId } = first;
    return { ...identityOf(sources[0]!), ticker, datasetId, madeFrom };
  }
  const members = panel.map(({ ticker, datasetId }) => ({ ticker, datasetId }));
  const ofData =
    kind.pooled && 'learner' in kind
      ? { ticker: POOL, datasetId: contentHash(members), panel: members }
      : { ticker: first.ticker, datasetId: first.datasetId };
  return {
    ...ofData,
    horizon,
    kind: kind.name,
    featureSet,
    window,
    scaleTargets,
    embargo,
    parameters: kind.parameters(task.parameters),
    seed,
    ...(search === undefined ? {} : { search }),
    madeFrom,
    codeVersion,
    backend: 'learner' in kind ? await pool.backend(kind.learner.name) : 'typescript',
  };
}

/** Whether one ticker takes over a model that was fitted on many. */
function isAdoption(kind: Kind, task: TrainingTask): boolean {
  return kind.pooled && 'learner' in kind && task.madeFrom.length > 0;
}
