import type { SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Horizon } from '../domain/horizon.ts';
import { type Json, canonicalJson, contentHash } from '../domain/identity.ts';
import type { ModelIdentity, TrainingWindow } from '../domain/model-version.ts';
import { kindNamed } from '../models/kinds.ts';
import { readFeatures } from './feature-sets.ts';
import { modelKey } from './object-keys.ts';
import type { Services } from './services.ts';
import type { TaskOptions, TrainingPool } from './training-pool.ts';

/** What did the arithmetic of every kind so far. */
const BACKEND = 'typescript';

/** Which model to train on which materialised features. */
export interface TrainingTask {
  readonly runId: string;
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly kind: string;
  readonly window: TrainingWindow;
  readonly seed: number;
  readonly parameters: Json;
  readonly asOf: SessionDate;
  readonly dataset: { readonly id: string };
  readonly features: { readonly key: string; readonly featureSet: string };
}

/**
 * Fits a model, stores it under the hash of everything that decided it, and registers it. A model that is already
 * registered is not fitted again.
 * @throws StockcastError MODEL_KIND_UNKNOWN, MODEL_INPUT_INVALID, TOO_FEW_SESSIONS
 */
export async function trainModel(
  services: Services,
  pool: TrainingPool,
  context: Context,
  task: TrainingTask,
  options: TaskOptions = {},
): Promise<{ modelId: string; reused: boolean }> {
  const { ticker, horizon, kind, window, seed } = task;
  const identity: ModelIdentity = {
    ticker,
    horizon,
    kind,
    datasetId: task.dataset.id,
    featureSet: task.features.featureSet,
    window,
    parameters: kindNamed(kind).parameters(task.parameters),
    seed,
    codeVersion: services.codeVersion,
    backend: BACKEND,
  };
  const id = contentHash({ ...identity });
  const objectKey = modelKey(ticker, id);
  const known = await services.registry.find(context, id);
  if (known !== undefined && (await services.objects.exists(context, objectKey))) return { modelId: id, reused: true };

  const features = await readFeatures(services, context, ticker, task.features.key);
  const { parameters } = identity;
  const fitted = await pool.fit({ kind, horizon, window, seed, parameters, features }, options);
  await services.objects.put(context, objectKey, new TextEncoder().encode(canonicalJson(fitted.object)));
  await services.registry.register(context, {
    ...identity,
    id,
    asOf: task.asOf,
    objectKey,
    nTrainingRows: fitted.nTrainingRows,
    trainedAt: context.clock.now().toISOString(),
    runId: task.runId,
  });
  return { modelId: id, reused: false };
}

/**
 * Evaluates a registered model's kind and parameters walk-forward on the data it was trained on, each fold fitted anew,
 * and keeps the figures with the model. An evaluated model is not evaluated again.
 * @throws StockcastError MODEL_MISSING
 */
export async function evaluateModel(
  services: Services,
  pool: TrainingPool,
  context: Context,
  modelId: string,
  featuresKey: string,
  options: TaskOptions = {},
): Promise<{ reused: boolean }> {
  const model = await services.registry.find(context, modelId);
  if (model === undefined) {
    throw new StockcastError('MODEL_MISSING', { ticker: '?', kind: modelId, horizon: '?', how: 'start the run again' });
  }
  if (model.evaluation !== undefined) return { reused: true };
  const features = await readFeatures(services, context, model.ticker, featuresKey);
  const { kind, horizon, window, seed, parameters } = model;
  const evaluation = await pool.evaluate({ kind, horizon, window, seed, parameters, features }, options);
  await services.registry.recordEvaluation(context, modelId, evaluation);
  return { reused: false };
}
