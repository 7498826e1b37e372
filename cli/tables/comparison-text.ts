import type { ComparedModel, Comparison } from '../../serving/comparison.ts';
import type { ComparisonMetrics, IntervalMetrics } from '../../serving/comparison-metrics.ts';
import type { Colors } from '../output.ts';
import { forecastTable } from './forecast-table.ts';
import { type Column, plainTable } from './plain-table.ts';

const right = (heading: string): Column => ({ heading, align: 'right' });

const ERRORS: readonly Column[] = [
  { heading: 'model' },
  { heading: 'stage' },
  { heading: 'as of' },
  right('days'),
  right('RMSE'),
  right('naive'),
  right('MAE'),
  right('naive'),
  right('to naive'),
  right('to drift'),
  right('to champion'),
  right('DM p'),
  right('direction (95%)'),
  right('always up'),
  right('IC'),
];

const PROMISES: readonly Column[] = [
  { heading: 'model' },
  right('in 80%'),
  right('const'),
  right('naive'),
  right('in 95%'),
  right('const'),
  right('naive'),
  right('width 80'),
  right('const'),
  right('naive'),
  right('Winkler 80 / 95'),
  right('const'),
  right('naive'),
  right('Brier'),
  right('base'),
  { heading: 'certificate' },
  { heading: 'gate' },
];

/**
 * All versions side by side: errors and direction, then intervals and probabilities with what the gate said, then what
 * they forecast now. Errors are in log returns over the horizon, ratios are of RMSE (below 1 is better).
 */
export function comparisonText(comparison: Comparison, colors: Colors): string {
  const { ticker, horizon, models, total, offset, next_offset: next, reasons } = comparison;
  const sessions = horizon === 1 ? '1 session' : `${horizon} sessions`;
  if (models.length === 0) return `${ticker}, ${sessions} ahead: there are ${total} versions, none from ${offset} on`;
  const predictions = models.flatMap(({ prediction }) => (prediction === null ? [] : [prediction]));
  const shown = models.length === total ? `${total}` : `${offset + 1} to ${offset + models.length} of ${total}`;
  const notes = models.flatMap((model) => model.notes.map((note) => `  ${nameOf(model)}: ${note}`));
  return [
    colors.bold(`${ticker}, ${sessions} ahead, versions: ${shown}`),
    '',
    plainTable(ERRORS, models.map(errorsRow), colors),
    '',
    plainTable(
      PROMISES,
      models.map((model) => promisesRow(model, colors)),
      colors,
    ),
    ...(predictions.length === 0 ? [] : ['', forecastTable(predictions, colors)]),
    ...(notes.length === 0 ? [] : ['', ...notes]),
    ...(reasons.length === 0 ? [] : ['', reasons[0]!]),
    ...(next === null ? [] : ['', `More: --offset ${next}`]),
  ].join('\n');
}

function nameOf({ model, model_version: version }: ComparedModel): string {
  return `${model} v${version}`;
}

function errorsRow(model: ComparedModel): string[] {
  const { metrics, stage, as_of: asOf } = model;
  if (metrics === null) return [nameOf(model), stage, asOf, ...Array<string>(ERRORS.length - 3).fill('-')];
  const [low, high] = metrics.directional_accuracy_interval;
  return [
    nameOf(model),
    stage,
    asOf,
    String(metrics.n_forecasts),
    metrics.errors.rmse.toFixed(5),
    metrics.naive_errors.rmse.toFixed(5),
    metrics.errors.mae.toFixed(5),
    metrics.naive_errors.mae.toFixed(5),
    metrics.rmse_ratio_to_naive.toFixed(4),
    metrics.rmse_ratio_to_drift.toFixed(4),
    metrics.champion?.rmse_ratio.toFixed(4) ?? '-',
    metrics.diebold_mariano_p.toFixed(3),
    `${percent(metrics.directional_accuracy)} (${percent(low)}-${percent(high)})`,
    percent(metrics.always_up_accuracy),
    metrics.information_coefficient.toFixed(3),
  ];
}

function promisesRow(model: ComparedModel, colors: Colors): string[] {
  const { metrics, certificate } = model;
  const said =
    certificate === null
      ? ['-', '-']
      : [certificate.id.slice(0, 12), certificate.passed ? colors.green('passed') : refusalOf(model)];
  if (metrics === null) return [nameOf(model), ...Array<string>(PROMISES.length - 3).fill('-'), ...said];
  const coverages = [0.8, 0.95].flatMap((level) => beside(metrics, level, ({ coverage }) => percent(coverage)));
  const widths = beside(metrics, 0.8, ({ mean_width: width }) => width.toFixed(4));
  const [narrow, wide] = [0.8, 0.95].map((level) => beside(metrics, level, ({ winkler }) => winkler.toFixed(4)));
  return [
    nameOf(model),
    ...coverages,
    ...widths,
    ...narrow!.map((score, i) => `${score} / ${wide![i]!}`),
    // Without a direction on any day, as naive's, there is nothing to score.
    ...[metrics.brier, metrics.brier_of_base_rate].map((score) =>
      metrics.brier_of_base_rate === 0 ? '-' : score.toFixed(4),
    ),
    ...said,
  ];
}

/** What serves without having passed does so because nothing else may. */
function refusalOf({ stage }: ComparedModel): string {
  return stage === 'production' ? 'fallback' : 'did not pass';
}

/** A figure of the model's intervals of one level, of those of constant width, and of naive's. */
function beside({ intervals }: ComparisonMetrics, level: number, figure: (of: IntervalMetrics) => string): string[] {
  const found = intervals.find((each) => each.level === level);
  return [found?.model, found?.constant_width, found?.naive].map((of) =>
    of === undefined || of === null ? '-' : figure(of),
  );
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)}%`;
}
