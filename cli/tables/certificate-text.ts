import type { Certificate, Verification } from '../../domain/certificate.ts';
import type { Evaluation, TestResult } from '../../domain/evaluation.ts';
import type { GateThresholds } from '../../domain/gate.ts';
import type { CertificateAnswer } from '../../serving/certificates.ts';
import type { Colors } from '../output.ts';
import { count } from './count.ts';
import { type Column, plainTable } from './plain-table.ts';

const NONE = '-';

/** A certificate for people: what it was made from, every figure beside its baseline, and the decision with reasons. */
export function certificateText({ certificate_id: id, certificate }: CertificateAnswer, colors: Colors): string {
  const { model, evaluation, champion, asOf } = certificate;
  const sections: readonly (readonly [title: string, lines: readonly string[]])[] = [
    ['Decision', decisionLines(certificate, colors)],
    ['Made from', originLines(certificate)],
    [`Out of sample: ${span(evaluation)}`, [accuracyTable(evaluation, colors), ...evaluation.notes]],
    ['Intervals, beside those of constant width', [intervalTable(evaluation, colors)]],
    ['Probability of the direction', probabilityLines(evaluation, colors)],
    ['Leakage checks', leakageLines(evaluation, colors)],
    ['Thresholds of the gate', thresholdLines(certificate.thresholds)],
  ];
  const against = champion === undefined ? '' : `, compared with ${champion.kind}, which served`;
  return [
    `${colors.bold(`${model.ticker}, ${sessions(model.horizon)} ahead: ${model.kind}`)}, as of ${asOf}${against}`,
    `certificate ${id}`,
    ...sections.flatMap(([title, lines]) => ['', colors.bold(title), ...lines.flatMap(indented)]),
  ].join('\n');
}

/** What became of a verification, one check a line. */
export function verificationText({ holds, checks }: Verification, colors: Colors): string {
  const marks = { passed: colors.green('ok'), failed: colors.red('FAILED'), skipped: colors.yellow('skipped') };
  return [
    '',
    colors.bold('Verification'),
    ...checks.map(({ name, status, detail }) => `  ${marks[status]}  ${name}: ${detail}`),
    holds ? colors.green('The certificate holds.') : colors.red('The certificate does not hold.'),
  ].join('\n');
}

function decisionLines({ verdict, family }: Certificate, colors: Colors): string[] {
  const { stage, reasons, comparisons, pValue, pAdjusted } = verdict;
  const { champion } = comparisons;
  const decision = {
    production: 'chosen to serve',
    staging: 'passed, another was chosen',
    development: 'did not pass',
  };
  const tested = `${count(family.nTickers, 'ticker')} and ${count(family.nHorizons, 'horizon')}`;
  return [
    `${stage === 'development' ? colors.yellow(decision[stage]) : colors.green(decision[stage])} (${stage})`,
    ...reasons,
    ...(champion === undefined
      ? []
      : [`RMSE ratio to what served: ${champion.rmseRatio.toFixed(4)} over ${count(champion.nDays, 'day')}`]),
    `p of being better than naive: ${probability(pValue)}, corrected for ${tested}: ${probability(pAdjusted)}`,
  ];
}

function originLines({ model, modelId, modelHash, forecastsHash, nTrainingRows, ...certificate }: Certificate) {
  const { trials, reproducible } = certificate;
  const window = model.window === 'all' ? 'all sessions' : `the newest ${model.window} sessions`;
  const { search } = model;
  const rows: (readonly [string, string])[] = [
    ['model', modelId],
    ['dataset', `${model.datasetId} of ${model.ticker}`],
    ...(model.panel ?? []).map(({ ticker, datasetId }) => ['pool', `${datasetId} of ${ticker}`] as const),
    ['features', model.featureSet],
    [
      'learnt from',
      `${window}, ${count(nTrainingRows, 'row')}; targets ${model.scaleTargets ? 'over' : 'not over'} their volatility`,
    ],
    ['embargo', count(model.embargo, 'session')],
    ['parameters', JSON.stringify(model.parameters)],
    ['seed', String(model.seed)],
    ['trials', `${trials}${search === undefined ? '' : `, on sessions up to ${search.until}`}`],
    ['reproducible', reproducible ? 'yes' : 'no: a time cap ended the search for parameters'],
    ...model.madeFrom.map((id) => ['made from', id] as const),
    ['sources', model.codeVersion],
    ['backend', model.backend],
    ['object', modelHash],
    ['forecasts', forecastsHash],
  ];
  return rows.map(([name, value]) => `${name.padEnd(12)}  ${value}`);
}

function accuracyTable(evaluation: Evaluation, colors: Colors): string {
  const { model, naive, drift, dieboldMariano, clarkWest, informationCoefficient } = evaluation;
  const [low, high] = evaluation.directionalAccuracyInterval;
  const rows = [
    ['RMSE', model.rmse.toFixed(6), naive.rmse.toFixed(6), drift.rmse.toFixed(6)],
    ['MAE', model.mae.toFixed(6), naive.mae.toFixed(6), drift.mae.toFixed(6)],
    ['RMSE ratio of the model to', '', evaluation.rmseRatioToNaive.toFixed(4), evaluation.rmseRatioToDrift.toFixed(4)],
    ['Diebold-Mariano against', '', test(dieboldMariano.naive), test(dieboldMariano.drift)],
    ['Clark-West against', '', test(clarkWest), NONE],
    ['rank correlation with outcomes', test(informationCoefficient), NONE, NONE],
  ];
  return [
    plainTable([{ heading: '' }, right('model'), right('naive'), right('drift')], rows, colors),
    `direction right ${percent(evaluation.directionalAccuracy)} (95%: ${percent(low)} to ${percent(high)}), ` +
      `always "up" ${percent(evaluation.alwaysUpAccuracy)}`,
  ].join('\n');
}

function intervalTable({ intervals }: Evaluation, colors: Colors): string {
  const columns = [
    { heading: 'level' },
    { heading: '' },
    right('coverage'),
    right('width'),
    right('Winkler'),
    right('pinball'),
  ];
  const rows = intervals.flatMap(({ level, model, constantWidth }) =>
    [model, constantWidth].map(({ coverage, meanWidth, winkler, pinball }, i) => [
      i === 0 ? `${Math.round(level * 100)}%` : '',
      i === 0 ? 'model' : 'constant width',
      percent(coverage),
      meanWidth.toFixed(5),
      winkler.toFixed(5),
      pinball.toFixed(6),
    ]),
  );
  return plainTable(columns, rows, colors);
}

function probabilityLines({ brier, brierOfBaseRate, reliability }: Evaluation, colors: Colors): string[] {
  const columns = [{ heading: 'promised' }, right('forecasts'), right('mean promised'), right('came true')];
  const rows = reliability.map(({ from, to, n, meanPromised, shareRight }) => [
    `${percent(from)} to ${percent(to)}`,
    String(n),
    percent(meanPromised),
    percent(shareRight),
  ]);
  return [
    `Brier score ${brier.toFixed(5)}, of the constant base rate ${brierOfBaseRate.toFixed(5)}`,
    ...(rows.length === 0 ? [] : [plainTable(columns, rows, colors)]),
  ];
}

function leakageLines({ leakage }: Evaluation, colors: Colors): string[] {
  return leakage.checks.map(
    ({ name, passed, detail }) => `${passed ? colors.green('ok') : colors.red('FAILED')}  ${name}: ${detail}`,
  );
}

function thresholdLines(thresholds: GateThresholds): string[] {
  const { maxRatio, championWorseP, maxCoverageError, claimP, minDays, minIndependentDays } = thresholds;
  return [
    `RMSE ratio to naive and drift at most ${maxRatio}`,
    `not worse than what serves with p below ${championWorseP}`,
    `80% coverage off by at most ${(maxCoverageError * 100).toFixed(1)} points`,
    `at least ${minDays} days, of which ${minIndependentDays} do not overlap`,
    `"beats naive" with p below ${claimP} and at least ${thresholds.minIndependentDaysToClaim} days that do not overlap`,
  ];
}

function span({ nForecasts, nFolds, firstOrigin, lastOrigin }: Evaluation): string {
  return `${count(nForecasts, 'forecast')} in ${count(nFolds, 'fold')}, ${firstOrigin} to ${lastOrigin}`;
}

function test({ statistic, pValue }: TestResult): string {
  return `${statistic.toFixed(3)} (p ${probability(pValue)})`;
}

function probability(p: number): string {
  return p > 0 && p < 0.001 ? p.toExponential(1) : p.toFixed(3);
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)}%`;
}

function sessions(n: number): string {
  return count(n, 'session');
}

function right(heading: string): Column {
  return { heading, align: 'right' };
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`);
}
