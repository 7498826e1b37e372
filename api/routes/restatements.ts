import { z } from 'zod';
import { RESTATED_COLUMNS } from '../../domain/restatement.ts';
import { listRestatements, showRestatement } from '../../serving/restatement-answer.ts';
import { retrainRestated } from '../../serving/retrain-restated.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { tickerField, wholeNumberField } from '../fields.ts';
import { linked } from '../run-links.ts';
import { runStatus } from './runs.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1000;

const adjustmentKind = z.enum(['split', 'dividend']);

/** A restatement, with what rests on it. */
export const restatementSchema = z.object({
  restatement_id: z.string(),
  source: z.string().describe('The file or the price source that it came with'),
  ingest_id: z.string(),
  learnt_at: z.string(),
  tickers: z.array(
    z.object({
      ticker: z.string(),
      sessions: z.int().describe('How many were changed'),
      runs: z
        .array(z.object({ from: z.iso.date(), to: z.iso.date(), sessions: z.int() }))
        .describe('Changed sessions that follow each other'),
      max_change: z.number().describe("The largest relative change of a session's prices"),
      median_change: z.number(),
      columns: z.array(z.enum(RESTATED_COLUMNS)),
      cause: z
        .enum(['split', 'dividend', 'adjustments', 'corrections', 'events'])
        .describe('What it looks like: closes times one factor back from an ex-date, or values corrected one by one'),
      adjustments: z.array(
        z.object({
          ex_date: z.iso.date(),
          kind: adjustmentKind,
          value: z.number().describe('New shares per old one, or USD per share'),
          factor: z.number().describe('What the closes before the ex-date were multiplied by'),
        }),
      ),
      corrections: z.int().describe('Changed sessions that no adjustment explains'),
      events: z.array(
        z.object({
          date: z.iso.date(),
          kind: adjustmentKind,
          before: z.number().nullable().describe('Null when nobody had told of it'),
          after: z.number(),
        }),
      ),
      summary: z.string(),
    }),
  ),
  affected: z
    .object({
      datasets: z.array(
        z.object({
          ticker: z.string(),
          dataset_id: z.string(),
          as_of: z.iso.date(),
          first_session: z.iso.date(),
          last_session: z.iso.date(),
        }),
      ),
      models: z.array(
        z.object({
          ticker: z.string().describe('`pool` for a model of many tickers'),
          horizon: z.int(),
          model: z.string(),
          version: z.int(),
          model_id: z.string(),
          as_of: z.iso.date(),
        }),
      ),
      forecasts: z
        .array(
          z.object({
            forecast_id: z.string(),
            ticker: z.string(),
            horizon: z.int(),
            model_id: z.string(),
            as_of: z.iso.date(),
            target_date: z.iso.date(),
          }),
        )
        .describe('By these models, or by others that looked at old values; the first thousand'),
      n_forecasts: z.int(),
      serving: z
        .array(z.object({ ticker: z.string(), horizon: z.int(), model: z.string(), model_id: z.string() }))
        .describe('Which of the models serve now'),
    })
    .optional()
    .describe('What rests on the history as it was before; absent in lists'),
  retraining: z.object({
    how: z
      .string()
      .nullable()
      .describe('The command that trains again what serves and rests on it; null: nothing does'),
    tickers: z.array(z.string()).describe('Tickers of which something serves that rests on it'),
    run_id: z.string().nullable().describe('The run that was started for that'),
  }),
  problem: z.string().optional().describe('Why something about it could not be found out or done'),
});

const params = z.strictObject({ id: z.string() });

/** `GET /restatements`, `GET /restatements/:id`, `POST /restatements/:id/retrain`: known history that was changed. */
export const restatementEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/restatements',
    summary: 'Known history that an ingest changed, newest first',
    query: z.strictObject({
      ticker: tickerField.optional(),
      limit: wholeNumberField(1, MAX_LIMIT, `How many; default ${DEFAULT_LIMIT}`).optional(),
    }),
    answer: {
      status: 200,
      name: 'RestatementList',
      schema: z.object({ restatements: z.array(restatementSchema) }),
    },
    errors: ['TICKER_INVALID', 'TICKER_UNKNOWN', 'DATABASE_UNAVAILABLE'],
    handle: ({ services }, { context, query: { ticker, limit = DEFAULT_LIMIT } }) =>
      listRestatements(services, context, { limit, ...(ticker === undefined ? {} : { ticker }) }),
  }),
  endpoint({
    method: 'get',
    path: '/restatements/:id',
    summary: 'One restatement, with the datasets, models and forecasts that rest on what it changed',
    params,
    answer: { status: 200, name: 'Restatement', schema: restatementSchema },
    errors: ['RESTATEMENT_UNKNOWN', 'OBJECT_DAMAGED', 'DATABASE_UNAVAILABLE'],
    handle: ({ services }, { context, params: { id } }) => showRestatement(services, context, id),
  }),
  endpoint({
    method: 'post',
    path: '/restatements/:id/retrain',
    summary: 'Train again the tickers of which something serves that rests on it, and no others',
    description: 'Asked again, it joins the run that it started, unless that failed.',
    params,
    answer: {
      status: 202,
      name: 'Retraining',
      schema: z.object({
        restatement_id: z.string(),
        tickers: z.array(z.string()).describe('What is trained; empty when nothing that serves rests on it'),
        run: z
          .object({
            run_id: z.string(),
            status: runStatus,
            status_url: z.string(),
            ui: z.string().nullable(),
            joined: z.boolean(),
          })
          .nullable(),
      }),
    },
    errors: ['RESTATEMENT_UNKNOWN', 'TOO_FEW_SESSIONS', 'TEMPORAL_UNAVAILABLE', 'DATABASE_UNAVAILABLE'],
    handle: async ({ services, temporal, settings }, { context, params: { id }, request, response }) => {
      const { run, ...retraining } = await retrainRestated(services, temporal, context, id, settings);
      if (run === null) return { ...retraining, run };
      return { ...retraining, run: linked(run, { request, response }) };
    },
  }),
];
