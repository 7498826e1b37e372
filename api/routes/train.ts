import { z } from 'zod';
import type { ErrorCode } from '../../domain/errors.ts';
import type { SearchBudget } from '../../domain/parameter-search.ts';
import { type TrainingPrices, freshForTraining } from '../../serving/fresh-for-training.ts';
import type { TrainingWish } from '../../serving/planning.ts';
import type { StartedRun } from '../../serving/run-view.ts';
import { startTickerTraining, startUniverseTraining } from '../../serving/runs.ts';
import { type Call, type Endpoint, endpoint } from '../endpoint.ts';
import {
  asOfField,
  embargoField,
  flagField,
  horizonsField,
  kindsField,
  parametersField,
  searchField,
  seedField,
  sourceField,
  tickerField,
  tickersField,
  windowField,
} from '../fields.ts';
import type { ApiParts, ApiSettings } from '../parts.ts';
import { mergeOptions } from '../read-request.ts';
import { runPath, statusUrl } from '../run-links.ts';
import { runStatus } from './runs.ts';

const options = z.strictObject({
  horizons: horizonsField.optional(),
  kinds: kindsField.optional(),
  window: windowField.optional(),
  seed: seedField.optional(),
  embargo: embargoField.optional(),
  scale_targets: flagField('Whether candidates learn returns over their forecast volatility; default: true').optional(),
  require_approval: flagField('Whether a person must approve before another model serves').optional(),
  as_of: asOfField.optional(),
  source: sourceField.optional(),
});
const body = options.extend({ parameters: parametersField.optional(), search: searchField.optional() });
const tickers = { tickers: tickersField.optional() };
const params = z.strictObject({ ticker: tickerField });

type Options = z.output<typeof body>;
type AnyCall = Pick<Call<unknown, unknown, unknown>, 'request' | 'response'>;

const startedRun = z.object({
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
const errors: readonly ErrorCode[] = [
  'TICKER_INVALID',
  'TICKER_UNKNOWN',
  'HORIZON_INVALID',
  'DATE_INVALID',
  'MODEL_KIND_UNKNOWN',
  'PARAMETER_INVALID',
  'SOURCE_UNKNOWN',
  'SOURCE_TICKER_UNKNOWN',
  'SOURCE_UNAVAILABLE',
  'PRICES_REFUSED',
  'TEMPORAL_UNAVAILABLE',
  'DATABASE_UNAVAILABLE',
];
const oneTickerErrors: readonly ErrorCode[] = [...errors, 'TOO_FEW_SESSIONS'];
const description =
  'Options may stand in the query or in the body. An equal request joins the run that does or did the same. With a live `source`, the newest closed sessions are taken in before the run is planned.';

/** `POST /train/:ticker`, and `GET` for those who only curl: starts a training run, or joins an equal one. */
export const trainEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'post',
    path: '/train/:ticker',
    summary: 'Train, evaluate and promote models for one ticker',
    description,
    params,
    query: options,
    body: { name: 'TrainingOptions', schema: body },
    answer,
    errors: [...oneTickerErrors, 'MEDIA_TYPE_UNSUPPORTED', 'REQUEST_TOO_LARGE'],
    handle: (parts, call) => trainOne(parts, call, mergeOptions(call.query, call.body, 'body')),
  }),
  endpoint({
    method: 'get',
    path: '/train/:ticker',
    summary: 'The same as POST, for a browser or a bare curl',
    changes: true,
    params,
    query: options,
    answer,
    errors: oneTickerErrors,
    handle: (parts, call) => trainOne(parts, call, call.query),
  }),
  endpoint({
    method: 'post',
    path: '/train',
    summary: 'Train many tickers in one run',
    description: `Without \`tickers\`, all known ones; a ticker that cannot be trained fails alone, inside the run. ${description}`,
    query: options.extend(tickers),
    body: { name: 'UniverseTrainingOptions', schema: body.extend(tickers) },
    answer,
    errors: [...errors, 'MEDIA_TYPE_UNSUPPORTED', 'REQUEST_TOO_LARGE'],
    handle: async (parts, call) => {
      const { services, temporal, settings } = parts;
      const { tickers, ...wish } = mergeOptions(call.query, call.body, 'body');
      const request = {
        maxInFlight: settings.maxInFlight,
        ...(tickers === undefined ? {} : { tickers }),
        ...(wish.as_of === undefined ? {} : { asOf: wish.as_of }),
      };
      const prices = await freshForTraining(services, call.context, tickers, wish.source);
      const run = await startUniverseTraining(services, temporal, call.context, request, wishOf(wish, settings));
      return startedAnswer(call, run, prices);
    },
  }),
];

async function trainOne(
  { services, temporal, settings }: ApiParts,
  call: Call<{ ticker: string }, unknown, unknown>,
  chosen: Options,
) {
  const wish = wishOf(chosen, settings);
  const prices = await freshForTraining(services, call.context, [call.params.ticker], chosen.source);
  const run = await startTickerTraining(services, temporal, call.context, call.params.ticker, wish, chosen.as_of);
  return startedAnswer(call, run, prices);
}

function wishOf(options: Options, settings: ApiSettings): TrainingWish {
  const { horizons, kinds, window, seed, embargo, scale_targets: scaleTargets, parameters, search } = options;
  const chosenWindow = window ?? settings.trainingWindow;
  return {
    seed: seed ?? settings.seed,
    requireApproval: settings.requireApproval || options.require_approval === true,
    ...(embargo === undefined ? {} : { embargo }),
    ...(scaleTargets === undefined ? {} : { scaleTargets }),
    ...(horizons === undefined ? {} : { horizons }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(chosenWindow === undefined ? {} : { window: chosenWindow }),
    ...(search === undefined ? {} : { search: budgetOf(search) }),
  };
}

function budgetOf({ trials, max_seconds: maxSeconds }: NonNullable<Options['search']>): SearchBudget {
  return { trials, ...(maxSeconds === undefined ? {} : { maxSeconds }) };
}

function startedAnswer(
  { request, response }: AnyCall,
  { run_id, status, joined, ui }: StartedRun,
  prices: readonly TrainingPrices[],
) {
  response.location(runPath(run_id));
  const started = { run_id, status, status_url: statusUrl(request, run_id), ui, joined };
  return prices.length === 0 ? started : { ...started, prices };
}
