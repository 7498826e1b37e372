import { z } from 'zod';
import { DEFAULT_EVERY, MOST_IN_FLIGHT } from '../../domain/backfill.ts';
import {
  type BackfillOrder,
  describeBackfill,
  failedPartitions,
  listBackfills,
  pauseBackfill,
  resumeBackfill,
  retryFailed,
  startBackfill,
} from '../../serving/backfills/backfills.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { flagField, parametersField, searchField, tickersField, trainingFields, wholeNumberField } from '../fields.ts';
import type { ApiSettings } from '../parts.ts';
import { linked, statusUrl } from '../run-links.ts';
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

const asked = z.object({ run_id: z.string(), requested: z.enum(['pause', 'resume']), status_url: z.string() });
const told = ['RUN_UNKNOWN', 'REQUEST_INVALID', 'TEMPORAL_UNAVAILABLE'] as const;

const askingEndpoint = (
  requested: 'pause' | 'resume',
  summary: string,
  ask: typeof pauseBackfill | typeof resumeBackfill,
): Endpoint =>
  endpoint({
    method: 'post',
    path: `/backfills/*id/${requested}`,
    summary,
    params: runParams,
    answer: { status: 202, name: 'BackfillRequest', schema: asked },
    errors: told,
    handle: async ({ temporal }, { context, params: { id }, request }) => {
      await ask(temporal, context, id);
      return { run_id: id, requested, status_url: statusUrl(request, id, 'backfills') };
    },
  });

/**
 * `POST /backfills`, `GET /backfills`, `GET /backfills/*id` and what is done with one; it is cancelled as a run is. The
 * longer path stands first: the wildcard would take it.
 */
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
    handle: async ({ services, temporal, settings }, call) =>
      linked(await startBackfill(services, temporal, call.context, orderOf(call.body, settings)), call, 'backfills'),
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
  askingEndpoint('pause', 'Finish what is under way, and begin nothing more', pauseBackfill),
  askingEndpoint('resume', 'Go on with a paused backfill', resumeBackfill),
  endpoint({
    method: 'post',
    path: '/backfills/*id/retry',
    summary: 'Make the partitions that failed, and no others',
    description: 'Of a backfill that has ended, as another execution under the same id.',
    params: runParams,
    answer: { status: 202, name: 'StartedRun', schema: startedRun },
    errors: told,
    handle: async ({ temporal }, call) =>
      linked(await retryFailed(temporal, call.context, call.params.id), call, 'backfills'),
  }),
  endpoint({
    method: 'get',
    path: '/backfills/*id/failed',
    summary: 'All partitions that failed',
    params: runParams,
    answer: {
      status: 200,
      name: 'FailedPartitions',
      schema: z.object({ total: z.int(), partitions: z.array(partition) }),
    },
    errors: ['RUN_UNKNOWN', 'TEMPORAL_UNAVAILABLE'],
    handle: ({ temporal }, { context, params: { id } }) => failedPartitions(temporal, context, id),
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
