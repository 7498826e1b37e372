import { z } from 'zod';
import { DEFAULT_HORIZONS } from '../../domain/horizon.ts';
import { knownTickers } from '../../serving/histories.ts';
import { leaderboardAnswer } from '../../serving/leaderboard-answer.ts';
import { leaderboard } from '../../serving/leaderboard.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { horizonsField, tickersField } from '../fields.ts';

const errors = z
  .object({ rmse: z.number(), mae: z.number() })
  .describe('In log returns over the horizon, out of sample');

const model = z.object({
  model: z.string(),
  model_version: z.int(),
  model_id: z.string(),
  promoted: z.boolean(),
  stage: z
    .enum(['development', 'staging', 'production'])
    .describe('Trained; certified and passed by the gate; serving'),
  certificate_id: z.string().nullable(),
  errors,
  naive_errors: errors,
  drift_errors: errors,
  rmse_ratio_to_naive: z.number().describe('Below 1 is better than the naive forecast'),
  rmse_ratio_to_drift: z.number(),
  diebold_mariano_p: z.number().describe('One-sided, against the naive forecast: small when the model is better'),
  coverage80: z.number().nullable().describe('Share of outcomes inside the 80% intervals'),
  coverage95: z.number().nullable(),
  winkler_ratio80: z
    .number()
    .nullable()
    .describe('Winkler score of the 80% intervals over that of intervals of constant width; below 1 is better'),
  winkler_ratio95: z.number().nullable(),
  directional_accuracy: z.number(),
  always_up_accuracy: z.number().describe('What always saying "up" would have scored on the same days'),
  n_forecasts: z.int(),
  n_folds: z.int(),
  first_origin: z.iso.date(),
  last_origin: z.iso.date(),
  live_n: z.int().describe('Forecasts of the model made before their outcome was known, and scored since'),
  live_rmse_ratio_to_naive: z.number().nullable().describe('Null before the first; GET /track-record/:ticker has more'),
  live_coverage80: z.number().nullable(),
  live_coverage95: z.number().nullable(),
  behind_naive: z.boolean().describe('Whether it serves and its live record is significantly behind naive'),
  notes: z.array(z.string()),
});

const answer = z.object({
  leaderboard: z.array(
    z.object({
      ticker: z.string(),
      horizon: z.int(),
      promoted: z.string().nullable().describe('Kind of the model that serves'),
      reasons: z.array(z.string()).describe('Why it was promoted'),
      models: z.array(model).describe("Best first, by out-of-sample RMSE over naive's"),
    }),
  ),
});

/** `GET /leaderboard`: each model beside the baselines, what serves, and why. */
export const leaderboardEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/leaderboard',
  summary: 'Each model beside the baselines, what serves, and why',
  description: `Defaults: every known ticker, horizons ${DEFAULT_HORIZONS.join(' and ')}.`,
  query: z.strictObject({ tickers: tickersField.optional(), horizons: horizonsField.optional() }),
  answer: { status: 200, name: 'Leaderboard', schema: answer },
  errors: ['TICKER_INVALID', 'TICKER_UNKNOWN', 'HORIZON_INVALID', 'DATABASE_UNAVAILABLE'],
  handle: async ({ services }, { context, query }) => {
    const tickers = await knownTickers(services, context, query.tickers);
    const horizons = [...new Set(query.horizons ?? DEFAULT_HORIZONS)];
    return leaderboardAnswer(await leaderboard(services, context, tickers, horizons));
  },
});
