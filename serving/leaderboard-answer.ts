import type { IntervalLevel } from '../domain/calibration.ts';
import type { Evaluation, ForecastErrors, IntervalComparison } from '../domain/evaluation.ts';
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

function modelAnswer(model: LeaderboardModel) {
  const { kind, version, modelId, promoted, stage, certificateId, evaluation, live, behindNaive } = model;
  const figures = ({ rmse, mae }: ForecastErrors) => ({ rmse, mae });
  return {
    model: kind,
    model_version: version,
    model_id: modelId,
    promoted,
    stage,
    certificate_id: certificateId ?? null,
    errors: figures(evaluation.model),
    naive_errors: figures(evaluation.naive),
    drift_errors: figures(evaluation.drift),
    rmse_ratio_to_naive: evaluation.rmseRatioToNaive,
    rmse_ratio_to_drift: evaluation.rmseRatioToDrift,
    diebold_mariano_p: evaluation.dieboldMariano.naive.pValue,
    coverage80: figuresOf(evaluation, 0.8)?.model.coverage ?? null,
    coverage95: figuresOf(evaluation, 0.95)?.model.coverage ?? null,
    winkler_ratio80: winklerRatio(evaluation, 0.8),
    winkler_ratio95: winklerRatio(evaluation, 0.95),
    directional_accuracy: evaluation.directionalAccuracy,
    always_up_accuracy: evaluation.alwaysUpAccuracy,
    n_forecasts: evaluation.nForecasts,
    n_folds: evaluation.nFolds,
    first_origin: evaluation.firstOrigin,
    last_origin: evaluation.lastOrigin,
    live_n: live?.n ?? 0,
    live_rmse_ratio_to_naive: live?.rmseRatioToNaive ?? null,
    live_coverage80: liveCoverage(model, 0.8),
    live_coverage95: liveCoverage(model, 0.95),
    behind_naive: behindNaive !== undefined,
    notes: evaluation.notes,
  };
}

function liveCoverage({ live }: LeaderboardModel, level: IntervalLevel): number | null {
  return live?.intervals.find((each) => each.level === level)?.coverage ?? null;
}

function figuresOf({ intervals }: Evaluation, level: IntervalLevel): IntervalComparison | undefined {
  return intervals.find((each) => each.level === level);
}

/** The Winkler score over that of intervals of constant width; null where the latter have no width. */
function winklerRatio(evaluation: Evaluation, level: IntervalLevel): number | null {
  const { model, constantWidth } = figuresOf(evaluation, level) ?? {};
  return model === undefined || constantWidth === undefined || constantWidth.winkler === 0
    ? null
    : model.winkler / constantWidth.winkler;
}
