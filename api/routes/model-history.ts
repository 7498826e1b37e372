import { z } from 'zod';
import { DEFAULT_HORIZON } from '../../domain/horizon.ts';
import { modelHistory } from '../../serving/model-history.ts';
import { rollBack } from '../../serving/rollback.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { horizonField, tickerField } from '../fields.ts';

const entry = z.object({
  promotion_id: z.string().describe('Names the entry, for GET /lineage/:id'),
  horizon: z.int(),
  model: z.string(),
  model_id: z.string(),
  as_of: z.iso.date(),
  at: z.string().describe('When it was entered'),
  live: z.boolean().describe('False when an as-of date was asked for: such a choice never serves'),
  rollback: z.boolean(),
  served: z
    .object({ since: z.string(), until: z.string().nullable().describe('Null while it serves') })
    .nullable()
    .describe('Null when the entry moved nothing'),
  from_model_id: z.string().nullable().describe('What it came in place of'),
  certificate_id: z.string().nullable(),
  principal: z.string().describe('Who approved it, or on whose behalf the run was'),
  run_id: z.string().nullable().describe('Null for a rollback or an experiment'),
  reasons: z.array(z.string()),
});

const history = z.object({
  ticker: z.string(),
  on: z.iso.date().nullable(),
  entries: z.array(entry).describe('Newest first; with `on`, those by which something served at some time of that day'),
  as_of: z
    .array(entry)
    .describe('With `on`: what was in production as of that date, runs as of a date included; else empty'),
});

const wish = z
  .strictObject({
    horizon: horizonField.optional(),
    to: z.string().optional().meta({
      description:
        'Id of a model, its beginning, or a kind for the newest of it that has a certificate; default: what served before the newest promotion',
    }),
    reason: z.string().describe('Why, for the ledger'),
    by: z
      .string()
      .optional()
      .meta({ description: 'Who says so, for the ledger; default: the principal of the request' }),
  })
  .meta({ examples: [{ horizon: 10, reason: 'jumps at every open', by: 'Ada' }] });

const taken = z.object({
  promotion_id: z.string().describe('Names the entry of the ledger, for GET /lineage/:id'),
  ticker: z.string(),
  horizon: z.int(),
  moved: z.boolean().describe('False when it served already, as after the same request made twice'),
  model: z.string(),
  model_id: z.string(),
  from_model_id: z.string().nullable(),
  certificate_id: z.string().nullable(),
  at: z.string(),
  principal: z.string(),
  reasons: z.array(z.string()),
});

const params = z.strictObject({ ticker: tickerField });

/** `GET /models/:ticker/history` and `POST /models/:ticker/rollback`. */
export const modelHistoryEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/models/:ticker/history',
    summary: 'What served when, why, and who approved it',
    params,
    query: z.strictObject({
      horizon: horizonField.optional(),
      on: z.string().optional().meta({ format: 'date', description: 'Only what served on this day in New York' }),
    }),
    answer: { status: 200, name: 'ModelHistory', schema: history },
    errors: ['TICKER_INVALID', 'TICKER_UNKNOWN', 'HORIZON_INVALID', 'DATE_INVALID', 'DATABASE_UNAVAILABLE'],
    handle: ({ services }, { context, params: { ticker }, query: { horizon, on } }) =>
      modelHistory(services, context, {
        ticker,
        ...(horizon === undefined ? {} : { horizon }),
        ...(on === undefined ? {} : { on }),
      }),
  }),
  endpoint({
    method: 'post',
    path: '/models/:ticker/rollback',
    summary: 'Let what served before serve again, at once and without training',
    description: `Default: horizon ${DEFAULT_HORIZON}. A request that has been fulfilled changes nothing.`,
    params,
    body: { name: 'Rollback', schema: wish },
    answer: { status: 200, name: 'RolledBack', schema: taken },
    errors: [
      'TICKER_INVALID',
      'TICKER_UNKNOWN',
      'HORIZON_INVALID',
      'ROLLBACK_REFUSED',
      'MEDIA_TYPE_UNSUPPORTED',
      'REQUEST_TOO_LARGE',
      'DATABASE_UNAVAILABLE',
    ],
    handle: ({ services }, { context, params: { ticker }, body: { horizon = DEFAULT_HORIZON, to, reason, by } }) =>
      rollBack(services, context, {
        ticker,
        horizon,
        reason,
        ...(to === undefined ? {} : { to }),
        ...(by === undefined ? {} : { by }),
      }),
  }),
];
