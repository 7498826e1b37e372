import type { ForecastErrors } from '../domain/evaluation.ts';
import type { LeaderboardEntry, LeaderboardModel } from './leaderboard.ts';

/** The leaderboard as people and programs are given it, by the API and by the CLI. */
export function leaderboardAnswer(entries: readonly LeaderboardEntry[]) {
  return {
    leaderboard: entries.map(({ ticker, horizon, promoted, reasons, models }) => ({
      ticker,
      horizon,
      promoted,
      reasons,
      models: models.map(modelAnswer),
    })),
  };
}

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
