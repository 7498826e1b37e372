import { z } from 'zod';
import type { ErrorCode } from '../../domain/errors.ts';
import { DEFAULT_HORIZONS } from '../../domain/horizon.ts';
import { loadModelsOf, modelsInMemory, unloadModelsOf } from '../../serving/model-memory.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { horizonsField, tickerField } from '../fields.ts';

const model = z.object({
  ticker: z.string(),
  horizon: z.int(),
  model: z.string(),
  model_version: z.int(),
  model_id: z.string(),
});

const status = z.object({
  models: z
    .array(
      model.extend({
        stage: z.enum(['development', 'staging', 'production']),
        health: z
          .enum(['ok', 'loading', 'object_missing'])
          .describe('`object_missing`: answers from memory, but could not be read again'),
        behind_naive: z
          .boolean()
          .describe('Whether it serves and its live record is significantly behind naive: GET /track-record/:ticker'),
        object_bytes: z.int().nullable().describe('Size of the stored object; in memory it is of that order'),
        loaded_at: z.string(),
        last_used_at: z.string(),
        uses: z.int(),
      }),
    )
    .describe('Last used first'),
  object_bytes: z.int().describe('Of all'),
  heap_used_bytes: z.int().describe('Of the whole process'),
});

const changed = z.object({ ticker: z.string(), models: z.array(model) });
const params = z.strictObject({ ticker: tickerField });
const query = z.strictObject({ horizons: horizonsField.optional() });
const errors: readonly ErrorCode[] = [
  'TICKER_INVALID',
  'TICKER_UNKNOWN',
  'HORIZON_INVALID',
  'MODEL_MISSING',
  'OBJECT_MISSING',
  'OBJECT_DAMAGED',
  'DATABASE_UNAVAILABLE',
];
const description = `Of this process, without a restart. Default: horizons ${DEFAULT_HORIZONS.join(' and ')}.`;

/** `GET /models/status`, `POST /models/:ticker/load` and `unload`: what is in the memory of this process. */
export const modelsInMemoryEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/models/status',
    summary: 'The models in the memory of this process',
    answer: { status: 200, name: 'ModelsStatus', schema: status },
    errors: ['DATABASE_UNAVAILABLE'],
    handle: async ({ services }, { context }) => {
      const models = await modelsInMemory(services, context);
      return {
        models: models.map(({ model, stage, health, behindNaive, bytes, loadedAt, lastUsedAt, uses }) => ({
          ...modelAnswer(model),
          ...{ stage, health },
          behind_naive: behindNaive,
          object_bytes: bytes ?? null,
          loaded_at: loadedAt,
          last_used_at: lastUsedAt,
          uses,
        })),
        object_bytes: models.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
        heap_used_bytes: process.memoryUsage().heapUsed,
      };
    },
  }),
  endpoint({
    method: 'post',
    path: '/models/:ticker/load',
    summary: 'Read what serves a ticker into memory, so that its next forecast does not wait',
    description,
    params,
    query,
    answer: { status: 200, name: 'LoadedModels', schema: changed },
    errors,
    handle: async ({ services }, { context, params: { ticker }, query: { horizons = DEFAULT_HORIZONS } }) => {
      const models = await loadModelsOf(services, context, ticker, horizons);
      return { ticker, models: models.map(modelAnswer) };
    },
  }),
  endpoint({
    method: 'post',
    path: '/models/:ticker/unload',
    summary: 'Drop what serves a ticker from memory; the next forecast that needs it reads it anew',
    description,
    params,
    query,
    answer: { status: 200, name: 'UnloadedModels', schema: changed },
    errors,
    handle: async ({ services }, { context, params: { ticker }, query: { horizons = DEFAULT_HORIZONS } }) => {
      const models = await unloadModelsOf(services, context, ticker, horizons);
      return { ticker, models: models.map(modelAnswer) };
    },
  }),
];

function modelAnswer(model: { ticker: string; horizon: number; kind: string; version: number; id: string }) {
  const { ticker, horizon, kind, version, id } = model;
  return { ticker, horizon, model: kind, model_version: version, model_id: id };
}
