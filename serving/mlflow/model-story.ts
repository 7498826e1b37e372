import type { Certificate } from '../../domain/certificate.ts';
import type { Evaluation } from '../../domain/evaluation.ts';
import type { ModelVersion } from '../../domain/model-version.ts';
import { forecastErrors, lossRatio } from '../../models/evaluation/metrics.ts';
import type { ShrunkForecasts } from '../../models/evaluation/shrinkage.ts';
import { KINDS } from '../../models/kinds.ts';
import type { Metric, Texts } from '../../stores/mlflow/mlflow-runs.ts';

/** What a model was made with, as parameters of its run. */
export function parametersOf(model: ModelVersion): Texts {
  const own = model.parameters !== null && typeof model.parameters === 'object' ? Object.entries(model.parameters) : [];
  return {
    feature_set: model.featureSet,
    window: String(model.window),
    scale_targets: String(model.scaleTargets),
    embargo: String(model.embargo),
    seed: String(model.seed),
    backend: model.backend,
    code_version: model.codeVersion,
    n_training_rows: String(model.nTrainingRows),
    ...(model.madeFrom.length === 0 ? {} : { made_from: model.madeFrom.join(' ') }),
    ...(model.panel === undefined ? {} : { panel: model.panel.map(({ ticker }) => ticker).join(' ') }),
    ...(model.search === undefined ? {} : { trials: String(model.search.trials) }),
    ...Object.fromEntries(own.map(([key, value]) => [`parameter.${key}`, JSON.stringify(value)])),
  };
}

/** The figures of an evaluation, under names that sort well in a table. */
export function summaryMetrics(evaluation: Evaluation, timestamp: number): Metric[] {
  const { model, naive, drift, dieboldMariano, clarkWest, informationCoefficient } = evaluation;
  const figures: Record<string, number> = {
    rmse: model.rmse,
    mae: model.mae,
    rmse_naive: naive.rmse,
    rmse_drift: drift.rmse,
    rmse_ratio_to_naive: evaluation.rmseRatioToNaive,
    rmse_ratio_to_drift: evaluation.rmseRatioToDrift,
    diebold_mariano_p_naive: dieboldMariano.naive.pValue,
    diebold_mariano_p_drift: dieboldMariano.drift.pValue,
    clark_west_p: clarkWest.pValue,
    directional_accuracy: evaluation.directionalAccuracy,
    always_up_accuracy: evaluation.alwaysUpAccuracy,
    information_coefficient: informationCoefficient.statistic,
    brier: evaluation.brier,
    n_forecasts: evaluation.nForecasts,
    n_folds: evaluation.nFolds,
  };
  for (const { level, model: ours, constantWidth } of evaluation.intervals) {
    const percent = Math.round(level * 100);
    figures[`coverage_${percent}`] = ours.coverage;
    figures[`width_${percent}`] = ours.meanWidth;
    figures[`winkler_${percent}`] = ours.winkler;
    figures[`winkler_${percent}_ratio_to_constant`] = lossRatio(ours.winkler, constantWidth.winkler);
  }
  return Object.entries(figures).map(([key, value]) => ({ key, value, timestamp, step: 0 }));
}

/**
 * Errors of each fold, the fold's number from 1 as step. A fold's forecasts are those with one mean of training labels:
 * each is fitted anew on other rows.
 */
export function foldMetrics({ y, raw, shrinkage, drift }: ShrunkForecasts, timestamp: number): Metric[] {
  const metrics: Metric[] = [];
  for (let from = 0, step = 1; from < y.length; step++) {
    let to = from + 1;
    while (to < y.length && drift[to] === drift[from]) to++;
    const came = y.slice(from, to);
    const { rmse, mae } = forecastErrors(
      came,
      raw.slice(from, to).map((value, i) => value * shrinkage[from + i]!),
    );
    const naive = forecastErrors(came, new Float64Array(to - from)).rmse;
    const figures = { rmse, mae, rmse_ratio_to_naive: lossRatio(rmse, naive), n_forecasts: to - from };
    for (const [name, value] of Object.entries(figures)) metrics.push({ key: `fold/${name}`, value, timestamp, step });
    from = to;
  }
  return metrics;
}

/** A model's page in MLflow, as Markdown; `link` leads to the run that made it. */
export function noteOf(model: ModelVersion, link: string | null, certificate?: Certificate): string {
  const { ticker, horizon, kind, version, asOf, evaluation } = model;
  const sessions = `${horizon} session${horizon === 1 ? '' : 's'}`;
  const lines = [
    `**${ticker}, ${sessions} ahead: ${kind}, version ${version}**, as of ${asOf}.`,
    // A kind that there is no more has no description.
    ...KINDS.filter(({ name }) => name === kind).map(({ description }) => description),
  ];
  if (evaluation !== undefined) {
    const { nForecasts, nFolds, firstOrigin, lastOrigin, rmseRatioToNaive, intervals } = evaluation;
    const held = intervals.map(
      ({ level, model: { coverage } }) =>
        `${(coverage * 100).toFixed(1)}% inside the ${Math.round(level * 100)}% intervals`,
    );
    lines.push(
      `${nForecasts} forecasts out of sample in ${nFolds} folds, ${firstOrigin} to ${lastOrigin}: RMSE ${rmseRatioToNaive.toFixed(4)} of naive's, ${held.join(', ')}.`,
    );
    lines.push(...evaluation.notes);
  }
  if (certificate !== undefined) {
    const { passed, reasons } = certificate.verdict;
    lines.push(`**${passed ? 'Passed' : 'Did not pass'} the gate.** ${reasons.join(' ')}`);
  }
  lines.push(`Made by the run ${link === null ? model.runId : `[${model.runId}](${link})`}.`);
  return lines.join('\n\n');
}
