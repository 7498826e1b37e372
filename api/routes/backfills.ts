import { z } from 'zod';
import { DEFAULT_EVERY, MOST_IN_FLIGHT } from '../../domain/backfill.ts';
import {
  type BackfillOrder,
  describeBackfill,
  listBackfills,
  startBackfill,
} from '../../serving/backfills/backfills.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { flagField, parametersField, searchField, tickersField, trainingFields, wholeNumberField } from '../fields.ts';
import type { ApiSettings } from '../parts.ts';
import { runPath, statusUrl } from '../run-links.ts';
import { runParams } from './approvals.ts';
import { budgetOf, startedRun } from './train.ts';
import { runList, runSchema } from './runs.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 200;
const MOST_SESSIONS = 100_000;

const day = (description: string) => z.string().meta({ format: 'date', description });

const order = z.strictObject({
  from: day('The first day; the first partition is as of the next session'),
  to: day('The last day'),
  every: wholeNumberField(
    1,
    MOST_SESSIONS,
    `Sessions from one partition to the next; default ${DEFAULT_EVERY}`,
  ).optional(),
  tickers: tickersField.optional(),
  ...trainingFields,
  parameters: parametersField.optional(),
  search: searchField.optional(),
  max_in_flight: wholeNumberField(1, MOST_IN_FLIGHT, 'Tickers worked on at a time').optional(),
  force: flagField('Whether to compute also what is there already; default: false').optional(),
});

const partition = z.object({ ticker: z.string(), as_of: z.iso.date() });

const stand = z.object({
  stage: z.enum(['planning', 'running', 'paused', 'done']),
  total: z.int(),
  counts: z.object({
    made: z.int(),
    standing: z.int().describe('There already, by content'),
    unavailable: z.int().describe('With too little history then'),
    failed: z.int(),
  }),
  running: z.array(partition.extend({ run_id: z.string().nullable().describe('Null until it is planned') })),
  per_minute: z.number().nullable().describe('Partitions that ended a minute, of late; null until it can be told'),
  seconds_left: z.int().nullable().describe('At that rate'),
  failures_by_code: z.record(z.string(), z.int()),
  newest_failures: z.array(partition.extend({ code: z.string(), message: z.string() })),
});

const backfill = runSchema
  .omit({ progress: true, result: true })
  .extend({ progress: stand.optional().describe('How far it is, or was when it ended; while a worker answers') });

/** `POST /backfills`, `GET /backfills`, `GET /backfills/*id`; one is cancelled as a run is. */
export const backfillEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'post',
    path: '/backfills',
    summary: 'Train many tickers as of many past days, with only what was known then',
    description:
      'A partition for each ticker and every so many sessions. What is there already, by content, is passed over; an ' +
      'equal request joins the backfill that is under way. Nothing that serves is touched.',
    body: {
      name: 'BackfillOrder',
      schema: order.meta({ examples: [{ tickers: ['AAPL'], from: '2012-10-01', to: '2012-12-31', every: 21 }] }),
    },
    answer: { status: 202, name: 'StartedRun', schema: startedRun },
    errors: [
      'TICKER_INVALID',
      'TICKER_UNKNOWN',
      'HORIZON_INVALID',
      'DATE_INVALID',
      'MODEL_KIND_UNKNOWN',
      'PARAMETER_INVALID',
      'MEDIA_TYPE_UNSUPPORTED',
      'REQUEST_TOO_LARGE',
      'TEMPORAL_UNAVAILABLE',
      'DATABASE_UNAVAILABLE',
    ],
    handle: async ({ services, temporal, settings }, { context, body, request, response }) => {
      const started = await startBackfill(services, temporal, context, orderOf(body, settings));
      const { run_id: id } = started;
      response.location(runPath(id, 'backfills'));
      return { ...started, status_url: statusUrl(request, id, 'backfills') };
    },
  }),
  endpoint({
    method: 'get',
    path: '/backfills',
    summary: 'The newest backfills, newest first',
    query: z.strictObject({ limit: wholeNumberField(1, MAX_LIMIT, `How many; default ${DEFAULT_LIMIT}`).optional() }),
    answer: { status: 200, name: 'RunList', schema: runList },
    errors: ['TEMPORAL_UNAVAILABLE'],
    handle: async ({ temporal }, { context, query, request }) => {
      const backfills = await listBackfills(temporal, context, query.limit ?? DEFAULT_LIMIT);
      return {
        runs: backfills.map((summary) => ({
          ...summary,
          status_url: statusUrl(request, summary.run_id, 'backfills'),
        })),
      };
    },
  }),
  endpoint({
    method: 'get',
    path: '/backfills/*id',
    summary: 'How far a backfill is, or how it ended',
    params: runParams,
    answer: { status: 200, name: 'Backfill', schema: backfill },
    errors: ['RUN_UNKNOWN', 'TEMPORAL_UNAVAILABLE'],
    handle: ({ temporal }, { context, params: { id } }) => describeBackfill(temporal, context, id),
  }),
];

function orderOf(body: z.output<typeof order>, settings: ApiSettings): BackfillOrder {
  const { from, to, every, tickers, force, max_in_flight: maxInFlight, ...wish } = body;
  const { horizons, kinds, window = settings.trainingWindow, seed, embargo, parameters, search } = wish;
  return {
    from,
    to,
    maxInFlight: maxInFlight ?? settings.maxInFlight,
    ...(every === undefined ? {} : { every }),
    ...(tickers === undefined ? {} : { tickers }),
    ...(force === undefined ? {} : { force }),
    wish: {
      seed: seed ?? settings.seed,
      scaleTargets: wish.scale_targets ?? true,
      ...(embargo === undefined ? {} : { embargo }),
      ...(horizons === undefined ? {} : { horizons }),
      ...(kinds === undefined ? {} : { kinds }),
      ...(window === undefined ? {} : { window }),
      ...(parameters === undefined ? {} : { parameters }),
      ...(search === undefined ? {} : { search: budgetOf(search) }),
    },
  };
}
