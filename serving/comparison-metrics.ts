import type { Certificate } from '../domain/certificate.ts';
import type { Evaluation, ForecastErrors, IntervalFigures } from '../domain/evaluation.ts';

/** What intervals of one level did. */
export interface IntervalMetrics {
  readonly coverage: number;
  readonly mean_width: number;
  readonly winkler: number;
}

/**
 * What an evaluation found, each figure beside those of forecasts that need no model; log returns over the horizon. What
 * stands for naive where its own evaluation is needed (intervals, Brier score) is null when there is none on these days.
 */
export interface ComparisonMetrics {
  readonly n_forecasts: number;
  readonly n_folds: number;
  readonly first_origin: string;
  readonly last_origin: string;
  readonly errors: ForecastErrors;
  readonly naive_errors: ForecastErrors;
  readonly drift_errors: ForecastErrors;
  /** RMSE over the baseline's; below 1 is better. */
  readonly rmse_ratio_to_naive: number;
  readonly rmse_ratio_to_drift: number;
  /** One-sided, against naive: small when the model is better. */
  readonly diebold_mariano_p: number;
  /** Against what served when the newest certificate was written; null when nothing did, or naive, or the model itself. */
  readonly champion: {
    readonly model: string;
    readonly model_id: string;
    readonly rmse_ratio: number;
    readonly diebold_mariano_p: number | null;
  } | null;
  readonly directional_accuracy: number;
  /** 95%, overlapping forecasts counted as so many independent ones. */
  readonly directional_accuracy_interval: readonly [number, number];
  readonly always_up_accuracy: number;
  /** Naive says no direction, which counts as half right. */
  readonly naive_directional_accuracy: number;
  readonly information_coefficient: number;
  readonly information_coefficient_p: number;
  /** A forecast that never changes ranks nothing. */
  readonly naive_information_coefficient: number;
  readonly intervals: readonly {
    readonly level: number;
    readonly model: IntervalMetrics;
    readonly constant_width: IntervalMetrics;
    readonly naive: IntervalMetrics | null;
  }[];
  /** Of the probability that the direction is right; lower is better. */
  readonly brier: number;
  readonly brier_of_base_rate: number;
}

/** Puts an evaluation into the form of the answer. `naive` is the evaluation of naive on the same days, if there is one. */
export function metricsOf(
  evaluation: Evaluation,
  naive: Evaluation | undefined,
  certificate: Certificate | undefined,
): ComparisonMetrics {
  const errors = ({ rmse, mae }: ForecastErrors) => ({ rmse, mae });
  return {
    n_forecasts: evaluation.nForecasts,
    n_folds: evaluation.nFolds,
    first_origin: evaluation.firstOrigin,
    last_origin: evaluation.lastOrigin,
    errors: errors(evaluation.model),
    naive_errors: errors(evaluation.naive),
    drift_errors: errors(evaluation.drift),
    rmse_ratio_to_naive: evaluation.rmseRatioToNaive,
    rmse_ratio_to_drift: evaluation.rmseRatioToDrift,
    diebold_mariano_p: evaluation.dieboldMariano.naive.pValue,
    champion: championOf(certificate),
    directional_accuracy: evaluation.directionalAccuracy,
    directional_accuracy_interval: evaluation.directionalAccuracyInterval,
    always_up_accuracy: evaluation.alwaysUpAccuracy,
    naive_directional_accuracy: 0.5,
    information_coefficient: evaluation.informationCoefficient.statistic,
    information_coefficient_p: evaluation.informationCoefficient.pValue,
    naive_information_coefficient: 0,
    intervals: evaluation.intervals.map(({ level, model, constantWidth }) => {
      const ofNaive = naive?.intervals.find((each) => each.level === level)?.model;
      return {
        level,
        model: intervalMetrics(model),
        constant_width: intervalMetrics(constantWidth),
        naive: ofNaive === undefined ? null : intervalMetrics(ofNaive),
      };
    }),
    brier: evaluation.brier,
    brier_of_base_rate: evaluation.brierOfBaseRate,
  };
}

/** Whether two evaluations rest on the same days. */
export function onSameDays(one: Evaluation, other: Evaluation): boolean {
  return (
    one.nForecasts === other.nForecasts && one.firstOrigin === other.firstOrigin && one.lastOrigin === other.lastOrigin
  );
}

function championOf(certificate: Certificate | undefined): ComparisonMetrics['champion'] {
  const comparison = certificate?.verdict.comparisons.champion;
  if (certificate?.champion === undefined || comparison === undefined) return null;
  return {
    model: certificate.champion.kind,
    model_id: certificate.champion.modelId,
    rmse_ratio: comparison.rmseRatio,
    diebold_mariano_p: comparison.dieboldMariano?.pBetter ?? null,
  };
}

function intervalMetrics({ coverage, meanWidth, winkler }: IntervalFigures): IntervalMetrics {
  return { coverage, mean_width: meanWidth, winkler };
}
