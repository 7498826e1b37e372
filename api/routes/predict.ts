import { z } from 'zod';
import type { Context } from '../../domain/context.ts';
import { DEFAULT_HORIZON } from '../../domain/horizon.ts';
import { tickersOnce } from '../../serving/histories.ts';
import { liveForecast } from '../../serving/live-forecast.ts';
import { type PredictionAnswer, predictionAnswer } from '../../serving/prediction-answer.ts';
import type { Services } from '../../serving/services.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { horizonField, sourceField, tickerField } from '../fields.ts';

/** What a forecast may be asked for, besides its ticker. */
export const predictionOptions = z.strictObject({
  horizon: horizonField.optional(),
  model: z
    .string()
    .optional()
    .meta({ description: 'A trained kind, for example random-forest; default: the promoted model' }),
  source: sourceField.optional(),
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
  quote: z
    .object({
      price: z.number().describe('In USD, as traded'),
      at: z.iso.datetime().describe('When the price was made'),
      source: z.string().describe('Who gave it; `csv` for the close of the newest session that is held'),
      stale: z.boolean().describe('Whether the source could not be asked or believed, so that a newer price may exist'),
      age_seconds: z.int(),
      problem: z.string().optional().describe('Why it is stale'),
    })
    .optional()
    .describe('What the ticker costs now, when a live source was asked'),
});

/** Answers one request for a forecast, by the rules of both endpoints; `tickers` as in `forecast`. */
export async function predict(
  services: Services,
  context: Context,
  ticker: string,
  { horizon, model, source }: z.output<typeof predictionOptions>,
  signal: AbortSignal,
  tickers = tickersOnce(services, context),
): Promise<PredictionAnswer> {
  const request = {
    ticker,
    horizon: horizon ?? DEFAULT_HORIZON,
    ...(model === undefined ? {} : { kind: model }),
    ...(source === undefined ? {} : { source }),
  };
  const { forecast, quote } = await liveForecast(services, context, request, { signal, tickers });
  return predictionAnswer(context, forecast, quote);
}

/** `GET /predict/:ticker`: a forecast from the newest known session. */
export const predictEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/predict/:ticker',
  summary: 'Forecast a price',
  description: `Defaults: horizon ${DEFAULT_HORIZON}, the promoted model. Asked again, the stored forecast is given again. With a live \`source\`, the newest closed sessions are taken in first, and the answer has a \`quote\`.`,
  params: z.strictObject({ ticker: tickerField }),
  query: predictionOptions,
  answer: { status: 200, name: 'Prediction', schema: prediction },
  errors: [
    'TICKER_INVALID',
    'TICKER_UNKNOWN',
    'HORIZON_INVALID',
    'MODEL_KIND_UNKNOWN',
    'MODEL_MISSING',
    'SOURCE_UNKNOWN',
    'SOURCE_TICKER_UNKNOWN',
    'SOURCE_UNAVAILABLE',
    'PRICES_REFUSED',
    'OBJECT_MISSING',
    'OBJECT_DAMAGED',
    'DATABASE_UNAVAILABLE',
  ],
  handle: ({ services }, { context, params, query, signal }) =>
    predict(services, context, params.ticker, query, signal),
});
