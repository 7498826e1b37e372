import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Stage } from '../domain/gate.ts';
import type { Horizon } from '../domain/horizon.ts';
import { type ModelVersion, stageOf } from '../domain/model-version.ts';
import { kindNamed } from '../models/kinds.ts';
import { aFewAtATime } from './a-few-at-a-time.ts';
import { historyOf } from './histories.ts';
import type { LoadedModel } from './loaded-models.ts';
import { loadModel } from './model-answer.ts';
import type { Services } from './services.ts';
import { registered } from './training.ts';
import { vantageOf } from './vantages.ts';

/** A model in memory, with where it stands. */
export interface ModelInMemory extends LoadedModel {
  readonly stage: Stage;
  /** `object_missing`: it answers from memory, but could not be read again. */
  readonly health: 'ok' | 'loading' | 'object_missing';
  /** Whether it serves and its live record is significantly behind naive. */
  readonly behindNaive: boolean;
}

/** What is in memory in this process, last used first. */
export async function modelsInMemory(services: Services, context: Context): Promise<ModelInMemory[]> {
  const loaded = services.loaded.list(context.tenant);
  if (loaded.length === 0) return [];
  const serving = new Map(
    (await services.ledger.serving(context)).map(({ ticker, horizon, modelId }) => [`${ticker}/${horizon}`, modelId]),
  );
  const behind = new Set((await services.scores.flags(context)).map(lineOf));
  const look = async (entry: LoadedModel): Promise<ModelInMemory> => {
    const { id, ticker, horizon } = entry.model;
    const known = await services.registry.find(context, id);
    const isThere = known !== undefined && (await services.objects.exists(context, known.objectKey));
    const health = !isThere ? 'object_missing' : entry.bytes === undefined ? 'loading' : 'ok';
    const stage = stageOf(known ?? { id }, serving.get(`${ticker}/${horizon}`));
    const behindNaive = stage === 'production' && behind.has(lineOf(entry.model));
    return { ...entry, stage, health, behindNaive };
  };
  // Forecasts want connections of the database meanwhile.
  return aFewAtATime(loaded, look);
}

function lineOf({ ticker, horizon, kind }: { ticker: string; horizon: Horizon; kind: string }): string {
  return `${ticker}/${horizon}/${kind}`;
}

/**
 * Reads what serves a ticker for some horizons into memory, an ensemble's members included, so that the next forecast
 * does not wait for it.
 * @throws StockcastError TICKER_UNKNOWN, MODEL_MISSING when nothing serves for any of the horizons, OBJECT_MISSING
 */
export async function loadModelsOf(
  services: Services,
  context: Context,
  ticker: string,
  horizons: readonly Horizon[],
): Promise<ModelVersion[]> {
  const models = await servingModels(services, context, ticker, horizons);
  for (const model of models) await load(services, context, model);
  return models;
}

/** Reads a model into memory, an ensemble's members in its place. @throws StockcastError MODEL_MISSING, OBJECT_MISSING */
export async function loadModelNamed(services: Services, context: Context, modelId: string): Promise<void> {
  for (const model of await withMembers(services, context, modelId)) await load(services, context, model);
}

async function load(services: Services, context: Context, model: ModelVersion): Promise<void> {
  const kind = kindNamed(model.kind);
  if ('learner' in kind) await loadModel(services, context, model, kind);
}

/** Drops from memory what serves a ticker for some horizons; the next forecast reads it anew. @throws as loading */
export async function unloadModelsOf(
  services: Services,
  context: Context,
  ticker: string,
  horizons: readonly Horizon[],
): Promise<ModelVersion[]> {
  const models = await servingModels(services, context, ticker, horizons);
  return models.filter(({ objectKey }) => services.loaded.drop(`${context.tenant}/${objectKey}`));
}

/** What serves, with the members that answer for an ensemble, each once. */
async function servingModels(
  services: Services,
  context: Context,
  ticker: string,
  horizons: readonly Horizon[],
): Promise<ModelVersion[]> {
  const promotions = await Promise.all(horizons.map((horizon) => services.ledger.production(context, ticker, horizon)));
  const found: ModelVersion[] = [];
  for (const promotion of promotions) {
    if (promotion === undefined) continue;
    found.push(...(await withMembers(services, context, promotion.modelId)));
  }
  if (found.length > 0) return [...new Map(found.map((model) => [model.id, model])).values()];
  // An unknown ticker is said to be so.
  await historyOf(services, context, ticker, vantageOf(context));
  throw new StockcastError('MODEL_MISSING', {
    ticker,
    horizon: horizons.join(' or '),
    kind: 'promoted',
    how: `POST /train/${ticker}, or npx stockcast train ${ticker}`,
    trained: [],
  });
}

/** A model, and the members that answer for it where it is an ensemble. */
async function withMembers(services: Services, context: Context, modelId: string): Promise<ModelVersion[]> {
  const model = await registered(services, context, modelId);
  if ('learner' in kindNamed(model.kind)) return [model];
  return [model, ...(await Promise.all(model.madeFrom.map((id) => registered(services, context, id))))];
}
