import { z } from 'zod';
import type { ForecastErrors } from '../../domain/evaluation.ts';
import { DEFAULT_HORIZONS } from '../../domain/horizon.ts';
import { listTickers, unknownTicker } from '../../serving/histories.ts';
import { type LeaderboardModel, leaderboard } from '../../serving/leaderboard.ts';
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
  errors,
  naive_errors: errors,
  drift_errors: errors,
  rmse_ratio_to_naive: z.number().describe('Below 1 is better than the naive forecast'),
  rmse_ratio_to_drift: z.number(),
  directional_accuracy: z.number(),
  always_up_accuracy: z.number().describe('What always saying "up" would have scored on the same days'),
  n_forecasts: z.int(),
  n_folds: z.int(),
  first_origin: z.iso.date(),
  last_origin: z.iso.date(),
  notes: z.array(z.string()),
});

const answer = z.object({
  leaderboard: z.array(
    z.object({
      ticker: z.string(),
      horizon: z.int(),
      promoted: z.string().nullable().describe('Kind of the model that serves'),
      reasons: z.array(z.string()).describe('Why it was promoted'),
      models: z.array(model).describe('Best first, by out-of-sample RMSE'),
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
    const known = (await listTickers(services, context)).map(({ ticker }) => ticker);
    const asked = [...new Set(query.tickers ?? known)];
    const stranger = asked.find((ticker) => !known.includes(ticker));
    if (stranger !== undefined) throw await unknownTicker(services, context, stranger);
    const horizons = [...new Set(query.horizons ?? DEFAULT_HORIZONS)];
    const entries = await leaderboard(services, context, asked, horizons);
    return {
      leaderboard: entries.map(({ ticker, horizon, promoted, reasons, models }) => ({
        ticker,
        horizon,
        promoted,
        reasons,
        models: models.map(modelAnswer),
      })),
    };
  },
});

function modelAnswer({ kind, version, modelId, promoted, evaluation }: LeaderboardModel) {
  const figures = ({ rmse, mae }: ForecastErrors) => ({ rmse, mae });
  return {
    model: kind,
    model_version: version,
    model_id: modelId,
    promoted,
    errors: figures(evaluation.model),
    naive_errors: figures(evaluation.naive),
    drift_errors: figures(evaluation.drift),
    rmse_ratio_to_naive: evaluation.rmseRatioToNaive,
    rmse_ratio_to_drift: evaluation.rmseRatioToDrift,
    directional_accuracy: evaluation.directionalAccuracy,
    always_up_accuracy: evaluation.alwaysUpAccuracy,
    n_forecasts: evaluation.nForecasts,
    n_folds: evaluation.nFolds,
    first_origin: evaluation.firstOrigin,
    last_origin: evaluation.lastOrigin,
    notes: evaluation.notes,
  };
}
