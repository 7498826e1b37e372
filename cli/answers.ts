import type { ForecastErrors } from '../domain/evaluation.ts';
import type { LeaderboardEntry, LeaderboardModel } from '../serving/leaderboard.ts';
import type { RunView } from '../serving/run-view.ts';
import type { RunSummary } from '../serving/runs.ts';
import type { TickerSummary } from '../stores/bars/bar-store.ts';

/** Known tickers in the form of `GET /tickers`. */
export function tickersAnswer(tickers: readonly TickerSummary[]) {
  return {
    tickers: tickers.map(({ ticker, sector, sessions, firstSession, lastSession }) => ({
      ticker,
      sector,
      sessions,
      first_session: firstSession,
      last_session: lastSession,
    })),
  };
}

/** Entries of the leaderboard in the form of `GET /leaderboard`. */
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

/** Runs in the form of `GET /runs`. */
export function runsAnswer(runs: readonly RunSummary[]) {
  return { runs };
}

/** A run in the form of `GET /runs/ID`. */
export function runAnswer({ result, ...view }: RunView) {
  return { ...view, ...(result === undefined ? {} : { result: resultAnswer(result) }) };
}

function resultAnswer(result: NonNullable<RunView['result']>) {
  if ('outcomes' in result) {
    return {
      outcomes: result.outcomes.map(({ ticker, status, workflowId, code, message }) => ({
        ticker,
        status,
        run_id: workflowId,
        ...(code === undefined ? {} : { failure: { code, message: message ?? code } }),
      })),
    };
  }
  const { ticker, asOf, datasetId, promotions, notes } = result;
  return {
    ticker,
    as_of: asOf,
    dataset_id: datasetId,
    promotions: promotions.map(({ horizon, kind, modelId, movedLive }) => ({
      horizon,
      model: kind,
      model_id: modelId,
      moved_live: movedLive,
    })),
    notes,
  };
}
