import { z } from 'zod';
import type { ErrorCode } from '../../domain/errors.ts';
import type { SearchBudget } from '../../domain/parameter-search.ts';
import { CSV_SOURCE } from '../../domain/price-source.ts';
import { type TrainingPrices, freshForTraining } from '../../serving/fresh-for-training.ts';
import { type TrainingWish, trainingPlan } from '../../serving/planning.ts';
import { runAnswer } from '../../serving/run-answer.ts';
import type { StartedRun } from '../../serving/run-view.ts';
import { startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { type Call, type Endpoint, endpoint } from '../endpoint.ts';
import {
  asOfField,
  flagField,
  parametersField,
  searchField,
  sourceField,
  tickerField,
  tickersField,
  trainingFields,
} from '../fields.ts';
import type { ApiParts, ApiSettings } from '../parts.ts';
import { PROBE_TIMEOUT_MS } from '../readiness.ts';
import { mergeOptions } from '../read-request.ts';
import { linked } from '../run-links.ts';
import { runSchema, runStatus } from './runs.ts';

const options = z.strictObject({
  ...trainingFields,
  require_approval: flagField('Whether a person must approve before another model serves').optional(),
  as_of: asOfField.optional(),
  source: sourceField.optional(),
});
const body = options.extend({ parameters: parametersField.optional(), search: searchField.optional() });
const tickers = { tickers: tickersField.optional() };
const wait = {
  wait: flagField('Whether to answer only when the run has ended, for at most STOCKCAST_WAIT_LIMIT_MS').optional(),
};
const params = z.strictObject({ ticker: tickerField });

type Options = z.output<typeof body>;
type AnyCall = Pick<Call<unknown, unknown, unknown>, 'request' | 'response' | 'context' | 'signal'>;

/** A run that was asked for. */
export const startedRun = z.object({
  run_id: z.string(),
  status: runStatus,
  status_url: z.string().describe('Where progress, result and failure can be read'),
  ui: z.string().nullable().describe("The run in Temporal's Web UI; null where its address is not known"),
  joined: z.boolean().describe('Whether an equal run was there already; then this is that one'),
  prices: z
    .array(
      z.object({
        ticker: z.string(),
        source: z.string(),
        last_session: z.iso.date().describe('The newest session that is known now'),
        stale: z.boolean().describe('Whether the source could not be asked or believed'),
        problem: z.string().optional().describe('Why it is stale'),
      }),
    )
    .optional()
    .describe('What was asked of the live source before the run was planned'),
});

const answer = { status: 202, name: 'StartedRun', schema: startedRun } as const;
const otherwise = {
  status: 200,
  name: 'Run',
  schema: runSchema.describe('With wait=true: how the run ended'),
} as const;
const errors: readonly ErrorCode[] = [
  'TICKER_INVALID',
  'TICKER_UNKNOWN',
  'HORIZON_INVALID',
  'DATE_INVALID',
  'MODEL_KIND_UNKNOWN',
  'PARAMETER_INVALID',
  'STREAMS_BUSY',
  'SOURCE_UNKNOWN',
  'SOURCE_TICKER_UNKNOWN',
  'SOURCE_UNAVAILABLE',
  'PRICES_REFUSED',
  'TEMPORAL_UNAVAILABLE',
  'DATABASE_UNAVAILABLE',
];
const oneTickerErrors: readonly ErrorCode[] = [...errors, 'TOO_FEW_SESSIONS'];
const description =
  'Options may stand in the query or in the body. An equal request joins the run that does or did the same. With a live ' +
  '`source`, the newest closed sessions are taken in before the run is planned. With wait=true in the query the answer ' +
  'comes when the run has ended, however it did; 202 then means that it still goes on.';

/** `POST /train/:ticker`, and `GET` for those who only curl: starts a training run, or joins an equal one. */
export const trainEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'post',
    path: '/train/:ticker',
    summary: 'Train, evaluate and promote models for one ticker',
    description,
    params,
    query: options.extend(wait),
    body: { name: 'TrainingOptions', schema: body.meta({ examples: [{ horizons: [1, 10] }] }) },
    answer,
    otherwise,
    errors: [...oneTickerErrors, 'MEDIA_TYPE_UNSUPPORTED', 'REQUEST_TOO_LARGE'],
    handle: (parts, call) => {
      const { wait = false, ...query } = call.query;
      return trainOne(parts, call, mergeOptions(query, call.body, 'body'), wait);
    },
  }),
  endpoint({
    method: 'get',
    path: '/train/:ticker',
    summary: 'The same as POST, for a browser or a bare curl',
    changes: true,
    params,
    query: options.extend(wait),
    answer,
    otherwise,
    errors: oneTickerErrors,
    handle: (parts, call) => {
      const { wait = false, ...query } = call.query;
      return trainOne(parts, call, query, wait);
    },
  }),
  endpoint({
    method: 'post',
    path: '/train',
    summary: 'Train many tickers in one run',
    description: `Without \`tickers\`, all known ones; a ticker that cannot be trained fails alone, inside the run. ${description}`,
    query: options.extend(tickers).extend(wait),
    body: {
      name: 'UniverseTrainingOptions',
      schema: body.extend(tickers).meta({ examples: [{ tickers: ['AAPL', 'MSFT'], horizons: [1, 10] }] }),
    },
    answer,
    otherwise,
    errors: [...errors, 'MEDIA_TYPE_UNSUPPORTED', 'REQUEST_TOO_LARGE'],
    handle: async (parts, call) => {
      const { services, temporal, settings } = parts;
      const { wait = false, ...query } = call.query;
      const { tickers, ...wish } = mergeOptions(query, call.body, 'body');
      const request = {
        maxInFlight: settings.maxInFlight,
        ...(tickers === undefined ? {} : { tickers }),
        ...(wish.as_of === undefined ? {} : { asOf: wish.as_of }),
      };
      return answered(parts, call, wait, 'universe', {
        prices: () => freshPrices(parts, call, tickers, wish),
        start: () => startUniverseTraining(services, temporal, call.context, request, wishOf(wish, settings)),
      });
    },
  }),
];

function trainOne(parts: ApiParts, call: Call<{ ticker: string }, unknown, unknown>, chosen: Options, wait: boolean) {
  const { services, temporal, settings } = parts;
  const { ticker } = call.params;
  return answered(parts, call, wait, 'ticker', {
    prices: () => freshPrices(parts, call, [ticker], chosen),
    start: () => startTickerTraining(services, temporal, call.context, ticker, wishOf(chosen, settings), chosen.as_of),
  });
}

/** Asks the source for newer sessions, unless the run can't be started for another reason. */
async function freshPrices(
  { services, temporal, settings }: ApiParts,
  { context, signal }: AnyCall,
  tickers: readonly string[] | undefined,
  chosen: Options,
): Promise<TrainingPrices[]> {
  const { source = services.prices.settings.source, as_of: asOf } = chosen;
  if (source !== CSV_SOURCE && asOf === undefined) {
    trainingPlan(wishOf(chosen, settings));
    await temporal.ping(PROBE_TIMEOUT_MS);
  }
  return freshForTraining(services, context, tickers, { source, asOf, signal });
}

/** Starts a run and answers at once, or when it has ended. */
async function answered(
  parts: ApiParts,
  call: AnyCall,
  wait: boolean,
  scope: 'ticker' | 'universe',
  begun: { readonly prices: () => Promise<TrainingPrices[]>; readonly start: () => Promise<StartedRun> },
) {
  const begin = async () => {
    const prices = await begun.prices();
    const run = await begun.start();
    parts.metrics.trainingAsked(scope, run.joined ? 'joined' : 'started');
    return startedAnswer(call, run, prices);
  };
  if (!wait) return begin();
  // Whoever may not wait has not started anything.
  return parts.followers.hold(call.signal, async (ended) => {
    const answer = await begin();
    const view = await endOf(parts, call, answer.run_id, ended);
    if (view === undefined) return answer;
    call.response.status(200);
    return runAnswer(view);
  });
}

/** How a run ended; undefined when it goes on for longer than may be waited, or nobody waits any more. */
async function endOf({ settings, watch }: ApiParts, { context }: AnyCall, runId: string, ended: AbortSignal) {
  const enough = AbortSignal.any([ended, AbortSignal.timeout(settings.waitLimitMs)]);
  for await (const view of watch.follow(context, runId, enough)) if (view.status !== 'running') return view;
  return undefined;
}

function wishOf(options: Options, settings: ApiSettings): TrainingWish {
  const { horizons, kinds, window, seed, embargo, scale_targets: scaleTargets, parameters, search } = options;
  const chosenWindow = window ?? settings.trainingWindow;
  return {
    seed: seed ?? settings.seed,
    requireApproval: settings.requireApproval || options.require_approval === true,
    parking: settings.parking,
    ...(embargo === undefined ? {} : { embargo }),
    ...(scaleTargets === undefined ? {} : { scaleTargets }),
    ...(horizons === undefined ? {} : { horizons }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(chosenWindow === undefined ? {} : { window: chosenWindow }),
    ...(search === undefined ? {} : { search: budgetOf(search) }),
  };
}

/** How much a search may try, as the use cases take it. */
export function budgetOf({ trials, max_seconds: maxSeconds }: NonNullable<Options['search']>): SearchBudget {
  return { trials, ...(maxSeconds === undefined ? {} : { maxSeconds }) };
}

function startedAnswer(
  { request, response }: AnyCall,
  { run_id, status, joined, ui }: StartedRun,
  prices: readonly TrainingPrices[],
) {
  const started = linked({ run_id, status, ui, joined }, { request, response });
  return prices.length === 0 ? started : { ...started, prices };
}
