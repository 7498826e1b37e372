import { z } from 'zod';
import { DEFAULT_HORIZON } from '../../domain/horizon.ts';
import type { ForecastRequest } from '../../serving/forecasting.ts';
import { writtenPrediction } from '../../serving/prediction-answer.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { horizonField, tickerField } from '../fields.ts';
import { WrittenAnswer } from '../written-answer.ts';

/** What a forecast may be asked for, besides its ticker. */
export const predictionOptions = z.strictObject({
  horizon: horizonField.optional(),
  model: z
    .string()
    .optional()
    .meta({ description: 'A trained kind, for example random-forest; default: the promoted model' }),
});

/** Answer of `GET /predict/:ticker`. */
export const prediction = z.object({
  ticker: z.string(),
  current_price: z.number().describe('Close of the session `as_of`, as traded, in USD'),
  prediction: z.object({
    price_target: z.number().describe('In USD: current_price * exp(forecast log return)'),
    confidence: z
      .number()
      .min(0)
      .max(1)
      .describe(
        "Probability that the direction is right, from out-of-sample residuals; an ensemble's is its members' least",
      ),
    direction: z.enum(['bullish', 'bearish', 'neutral']),
  }),
  timestamp: z.string().describe('When the answer was given'),
  intervals: z
    .array(z.object({ level: z.number(), low: z.number(), high: z.number() }))
    .describe('Where the price will lie with each probability, in USD, narrowest first'),
  direction_probability: z
    .number()
    .min(0.5)
    .max(1)
    .describe("The model's own calibrated probability that the direction is right"),
  horizon: z.int().describe('Exchange sessions ahead'),
  as_of: z.iso.date().describe('The newest session that the forecast has seen'),
  target_date: z.iso.date().describe('The session that it speaks of'),
  model: z.string(),
  model_version: z.int(),
  model_id: z.string(),
  baseline_ratio: z
    .number()
    .nullable()
    .describe('Out-of-sample RMSE over that of the naive forecast; below 1 is better than it'),
  certificate_id: z.string().nullable().describe('The certificate of the model; null when it has none'),
  notes: z.array(z.string()).describe('What a reader must know to judge the forecast'),
  stale: z
    .boolean()
    .describe(
      'Whether prices or models may have changed since: the database is away and this is the last known forecast',
    ),
  age_seconds: z.number().optional().describe('Of a stale answer: how long ago the forecast was read'),
});

/** What the use case is asked for, by the rules of both endpoints. */
export function forecastRequest(
  ticker: string,
  { horizon, model }: z.output<typeof predictionOptions>,
): ForecastRequest {
  return { ticker, horizon: horizon ?? DEFAULT_HORIZON, ...(model === undefined ? {} : { kind: model }) };
}

/** `GET /predict/:ticker`: a forecast from the newest known session. */
export const predictEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/predict/:ticker',
  summary: 'Forecast a price',
  description: `Defaults: horizon ${DEFAULT_HORIZON}, the promoted model. Asked again, the stored forecast is given again. The answer has an ETag; X-Cache says whether the forecast was held in memory (hit), read anew (miss), or is the last known one (stale).`,
  params: z.strictObject({ ticker: tickerField }),
  query: predictionOptions,
  answer: { status: 200, name: 'Prediction', schema: prediction },
  errors: [
    'TICKER_INVALID',
    'TICKER_UNKNOWN',
    'HORIZON_INVALID',
    'MODEL_KIND_UNKNOWN',
    'MODEL_MISSING',
    'OBJECT_MISSING',
    'OBJECT_DAMAGED',
    'DATABASE_UNAVAILABLE',
  ],
  handle: async ({ forecasts }, { context, params, query, response }) => {
    const given = await forecasts.get(context, forecastRequest(params.ticker, query));
    response.setHeader('X-Cache', given.verdict);
    const { body, etag } = writtenPrediction(context, given);
    return new WrittenAnswer(body, { etag, cacheControl: 'private, no-cache' });
  },
});
