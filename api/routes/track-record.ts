import { z } from 'zod';
import { trackRecordAnswer } from '../../serving/track-record-answer.ts';
import { trackRecords } from '../../serving/track-record.ts';
import { endpoint } from '../endpoint.ts';
import { tickerField } from '../fields.ts';

const figures = z
  .object({
    n: z.int().describe('One forecast for each origin session; of several versions of a model the one made first'),
    first_origin: z.iso.date(),
    last_origin: z.iso.date(),
    rmse: z.number().describe('In log returns over the horizon'),
    naive_rmse: z.number().describe('Of the naive forecast on the same sessions'),
    rmse_ratio_to_naive: z.number().describe('Below 1 is better than naive'),
    diebold_mariano_p: z.number().describe('One-sided, against naive: small when the forecasts were better'),
    diebold_mariano_p_worse: z.number().describe('Small when they were worse'),
    directional_accuracy: z.number().describe('Neutral forecasts and unchanged prices count as half'),
    always_up_accuracy: z.number(),
    intervals: z.array(
      z.object({
        level: z.number().describe('The share of outcomes that was promised'),
        n: z.int(),
        coverage: z.number().describe('The share that came inside'),
        winkler: z.number().describe('Mean Winkler score; lower is better'),
      }),
    ),
  })
  .nullable();

const record = z.object({
  horizon: z.int(),
  model: z.string(),
  serves: z.boolean(),
  versions: z.int().describe('How many versions made the live forecasts'),
  live: figures.describe('Made before their outcome was known here; null while none has matured'),
  backfilled: figures.describe('Made as of a past day, when the outcome was known: no live record'),
  behind_naive: z
    .object({
      model_id: z.string().describe('What served when it was found'),
      serves_since: z.string().describe('Since when the model has served without a break'),
      found_at: z.string(),
      n: z.int().describe('Forecasts, none of which overlap'),
      rmse_ratio_to_naive: z.number(),
      p: z.number(),
      level: z.number().describe('What p had to stay below at that look'),
      reason: z.string(),
    })
    .nullable()
    .describe('Set when what serves is significantly behind naive'),
});

/** `GET /track-record/:ticker`: what came of forecasts. */
export const trackRecordEndpoint = endpoint({
  method: 'get',
  path: '/track-record/:ticker',
  summary: 'How the forecasts of each model have done live, beside naive',
  params: z.strictObject({ ticker: tickerField }),
  answer: { status: 200, name: 'TrackRecord', schema: z.object({ ticker: z.string(), records: z.array(record) }) },
  errors: ['TICKER_INVALID', 'TICKER_UNKNOWN', 'DATABASE_UNAVAILABLE'],
  handle: async ({ services }, { context, params: { ticker } }) =>
    trackRecordAnswer(ticker, await trackRecords(services, context, ticker)),
});
