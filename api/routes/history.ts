import { z } from 'zod';
import { DEFAULT_HORIZON } from '../../domain/horizon.ts';
import { forecastId, priceTarget } from '../../domain/forecast.ts';
import { MOST_FORECASTS, type ScoredForecast, forecastHistory, inPercent } from '../../serving/forecast-history.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { tickerField, wholeNumberField } from '../fields.ts';
import { predictionOptions } from './predict.ts';

const DEFAULT_LIMIT = 50;
const MOST_AT_ONCE = 1000;

const share = z.number().nullable().describe('Share of the scored ones inside, null before the first');

const line = z.object({
  forecast_id: z.string(),
  as_of: z.iso.date().describe('The newest session that it had seen'),
  target_date: z.iso.date(),
  made_at: z.string(),
  made_in_time: z.boolean().describe('False when it was made, as of that session, after the outcome could be known'),
  model: z.string(),
  model_version: z.int(),
  model_id: z.string(),
  current_price: z.number(),
  price_target: z.number(),
  forecast_log_return: z.number(),
  outcome: z
    .object({
      price: z
        .number()
        .describe('What current_price came to, splits and dividends taken into account, as price_target is'),
      log_return: z.number(),
      error: z.number().describe('Forecast minus outcome, in log returns'),
      price_error: z.number().describe('price_target minus price, in USD'),
      direction_right: z.boolean().nullable().describe('Null where either of them is zero'),
      inside_80: z.boolean().nullable(),
      inside_95: z.boolean().nullable(),
      naive_error: z.number().describe('The same error of the forecast that nothing changes'),
      scored_at: z.string().nullable().describe('When it was scored, once for ever; null: it waits for POST /score'),
      live: z
        .boolean()
        .nullable()
        .describe('Whether it was made before the outcome was known here; decided when it is scored'),
      restated_log_return: z
        .number()
        .nullable()
        .describe('What came by the closes that are known now, where they were restated since it was scored'),
    })
    .nullable()
    .describe('Null while the session it speaks of is not known'),
  running: z
    .object({ n: z.int().describe('Scored so far'), coverage_80: share, coverage_95: share })
    .describe('Of the scored forecasts of the same model kind, up to this one'),
});

const answer = z.object({
  ticker: z.string(),
  horizon: z.int(),
  total: z.int().describe(`How many there are; at most the newest ${MOST_FORECASTS} are looked at`),
  scored: z.int(),
  forecasts: z.array(line).describe('Newest first'),
  next: z.string().nullable().describe('Where the next page is, null on the last'),
});

/** `GET /history/:ticker`: past forecasts, with what came. */
export const historyEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/history/:ticker',
  summary: 'Past forecasts, with what came',
  description: `Defaults: horizon ${DEFAULT_HORIZON}, every model. What came stays as it was scored; one that waits for its score is held against what is known now.`,
  params: z.strictObject({ ticker: tickerField }),
  query: predictionOptions.extend({
    limit: wholeNumberField(1, MOST_AT_ONCE, `How many; default ${DEFAULT_LIMIT}`).optional(),
    offset: wholeNumberField(0, MOST_FORECASTS, 'How many of the newest to leave out; default 0').optional(),
  }),
  answer: { status: 200, name: 'ForecastHistory', schema: answer },
  errors: ['TICKER_INVALID', 'TICKER_UNKNOWN', 'HORIZON_INVALID', 'MODEL_KIND_UNKNOWN', 'DATABASE_UNAVAILABLE'],
  handle: async ({ services }, { context, params: { ticker }, query }) => {
    const { horizon = DEFAULT_HORIZON, model, limit = DEFAULT_LIMIT, offset = 0 } = query;
    const asked = { horizon, ...(model === undefined ? {} : { kind: model }) };
    const all = await forecastHistory(services, context, ticker, asked);
    const end = offset + limit;
    return {
      ticker,
      horizon,
      total: all.length,
      scored: all.filter(({ outcome }) => outcome !== undefined).length,
      forecasts: all.slice(offset, end).map(lineOf),
      next: end < all.length ? nextPage(ticker, horizon, model, limit, end) : null,
    };
  },
});

function lineOf({ forecast, madeInTime, outcome, running: { n, inside } }: ScoredForecast) {
  const { currentPrice, logReturn } = forecast;
  const target = priceTarget(currentPrice, logReturn);
  const coverage = (level: string) => (n === 0 || inside[level] === undefined ? null : inside[level] / n);
  return {
    forecast_id: forecastId(forecast),
    as_of: forecast.originSession,
    target_date: forecast.targetSession,
    made_at: forecast.madeAt,
    made_in_time: madeInTime,
    model: forecast.kind,
    model_version: forecast.modelVersion,
    model_id: forecast.modelId,
    current_price: currentPrice,
    price_target: target,
    forecast_log_return: logReturn,
    outcome:
      outcome === undefined
        ? null
        : {
            price: outcome.price,
            log_return: outcome.logReturn,
            error: outcome.error,
            price_error: target - outcome.price,
            direction_right: outcome.directionRight,
            inside_80: insideOf(outcome, '80'),
            inside_95: insideOf(outcome, '95'),
            naive_error: outcome.naiveError,
            scored_at: outcome.score?.scoredAt ?? null,
            live: outcome.score?.live ?? null,
            restated_log_return: outcome.restatedLogReturn ?? null,
          },
    running: { n, coverage_80: coverage('80'), coverage_95: coverage('95') },
  };
}

function insideOf({ intervals }: NonNullable<ScoredForecast['outcome']>, percent: string): boolean | null {
  return intervals.find(({ level }) => inPercent(level) === percent)?.inside ?? null;
}

function nextPage(ticker: string, horizon: number, model: string | undefined, limit: number, offset: number): string {
  const query = new URLSearchParams({ horizon: String(horizon), limit: String(limit), offset: String(offset) });
  if (model !== undefined) query.set('model', model);
  return `/history/${encodeURIComponent(ticker)}?${query}`;
}
