import { z } from 'zod';
import { lineageOf } from '../../serving/lineage.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';

const forecast = z.object({
  forecast_id: z.string(),
  ticker: z.string(),
  horizon: z.int(),
  as_of: z.iso.date(),
  as_known_on: z.iso.date().nullable().describe('The past day as of which it was asked for; null of a live one'),
  target_date: z.iso.date(),
  current_price: z.number(),
  price_target: z.number(),
  made_at: z.string(),
  model_id: z.string(),
  certificate_id: z.string().nullable(),
  origin: z
    .object({ version: z.int(), learnt_at: z.string(), ingest_id: z.string() })
    .nullable()
    .describe('The bar of that session as it was known then; null when it is no longer held'),
  restated_since: z
    .int()
    .describe('Bars and events up to that session that were restated after the moment that the forecast looks from'),
});

const certificate = z.object({
  certificate_id: z.string(),
  model_id: z.string(),
  passed: z.boolean(),
  stage: z.string(),
  reasons: z.array(z.string()),
});

const promotion = z.object({
  promotion_id: z.string(),
  model_id: z.string(),
  certificate_id: z.string().nullable(),
  as_of: z.iso.date(),
  at: z.string(),
  live: z.boolean(),
  moved_live: z.boolean(),
  rollback: z.boolean(),
  principal: z.string(),
  reasons: z.array(z.string()),
  run_id: z.string(),
});

const model = z.object({
  model_id: z.string(),
  ticker: z.string(),
  horizon: z.int(),
  model: z.string(),
  model_version: z.int(),
  as_of: z.iso.date(),
  trained_at: z.string(),
  run_id: z.string(),
  certificate_id: z.string().nullable(),
  made_from: z.array(z.string()).describe("An ensemble's members, or the pooled model that the ticker adopted"),
  feature_set: z.string(),
  features: z.array(z.object({ dataset_id: z.string(), key: z.string(), found: z.boolean() })),
  datasets: z.array(z.string()),
  window: z.union([z.int(), z.literal('all')]),
  scale_targets: z.boolean(),
  embargo: z.int(),
  parameters: z.unknown(),
  seed: z.int(),
  search: z.object({ trials: z.int(), seed: z.int(), until: z.iso.date() }).nullable(),
  n_training_rows: z.int(),
  code_version: z.string(),
  code_is_current: z.boolean().describe('Whether the sources that compute are still those'),
  backend: z.string(),
  object_key: z.string(),
  object_found: z.boolean(),
});

const dataset = z.object({
  dataset_id: z.string(),
  ticker: z.string(),
  manifest_key: z.string(),
  taken_at: z.string(),
  sessions: z.int(),
  events: z.int(),
  first_session: z.iso.date(),
  last_session: z.iso.date(),
  came_from: z.array(
    z.object({
      ingest_id: z.string(),
      rows: z.int().describe('Bars and events'),
      first_session: z.iso.date(),
      last_session: z.iso.date(),
    }),
  ),
  restated: z
    .object({
      n: z.int(),
      first: z.array(z.object({ date: z.iso.date(), kind: z.string(), version: z.int(), learnt_at: z.string() })),
    })
    .describe('Rows that are not the first version of theirs'),
  untraced: z.int().describe('Rows that no version held now agrees with'),
});

const ingest = z.object({
  ingest_id: z.string().describe('SHA-256 of the content'),
  source: z.string(),
  learnt_at: z.string(),
  accepted_rows: z.int(),
  rejected_rows: z.int(),
});

const answer = z.object({
  id: z.string(),
  kind: z.enum(['forecast', 'promotion', 'model', 'certificate', 'dataset']),
  forecast: forecast.nullable(),
  certificates: z.array(certificate),
  promotions: z.array(promotion).describe('Entries of the ledger that chose the model, newest first'),
  models: z.array(model).describe('The model that the id leads to first, then what it was made from'),
  datasets: z.array(dataset),
  ingests: z.array(ingest),
  missing: z.array(z.string()).describe('Every link that leads nowhere; empty when the chain is whole'),
});

/** `GET /lineage/:id`: all that a forecast, a promotion, a model or a certificate was made from. */
export const lineageEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/lineage/:id',
  summary:
    'What a forecast, a promotion, a model, a certificate or a dataset was made from, back to the rows and the code',
  description: 'Nodes name each other by id.',
  params: z.strictObject({
    id: z.string().meta({
      description:
        'Id of a forecast, as GET /predict/:ticker gives it, of a promotion (GET /models/:ticker/history), a model, a certificate or a dataset',
    }),
  }),
  answer: { status: 200, name: 'Lineage', schema: answer },
  errors: ['LINEAGE_UNKNOWN', 'OBJECT_DAMAGED', 'DATABASE_UNAVAILABLE'],
  handle: ({ services }, { context, params: { id } }) => lineageOf(services, context, id),
});
