import type { SessionDate } from '../../domain/bar.ts';
import type { DriftAnswer } from '../../serving/drift-answer.ts';
import type { Colors } from '../output.ts';
import { type Column, plainTable } from './plain-table.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'check' },
  { heading: 'PSI', align: 'right' },
  { heading: 'usual', align: 'right' },
  { heading: 'KS', align: 'right' },
  { heading: 'usual', align: 'right' },
  { heading: 'spread KS', align: 'right' },
  { heading: 'usual', align: 'right' },
  { heading: 'p', align: 'right' },
  { heading: '' },
];

type Report = DriftAnswer['reports'][number];

/** The newest report of each horizon of a ticker: every column that was compared, what raised an alarm in red. */
export function driftTable({ ticker, reports }: DriftAnswer, colors: Colors, asOf?: SessionDate): string {
  if (reports.length === 0) {
    return asOf === undefined
      ? `No drift report of ${ticker} yet: nothing of it serves.`
      : `No drift report of ${ticker} as of ${asOf}: nothing of it served then.`;
  }
  return reports.map((report) => oneReport(ticker, report, colors)).join('\n\n');
}

function oneReport(ticker: string, report: Report, colors: Colors): string {
  const { horizon, model, version, session, serves, alarms, level, features } = report;
  const verdict = alarms.length === 0 ? 'no alarm' : colors.red(`alarm: ${alarms.join(', ')}`);
  const against =
    'untold' in features
      ? []
      : [
          `  ${features.n_window} sessions, ${features.window.first} to ${features.window.last}, against ` +
            `${features.n_reference} learnt from, ${features.training.first} to ${features.training.last}`,
        ];
  const rows = [
    ...compared('features', features, level, colors),
    ...compared('residuals', report.residuals, level, colors),
    covered('coverage 80%', report.coverage80, level, colors),
    covered('coverage 95%', report.coverage95, level, colors),
  ];
  return [
    `${colors.bold(ticker)}, horizon ${horizon}: ${model} ${version}${serves ? '' : ' (serves no more)'}, as of ${session}: ${verdict}`,
    ...against,
    plainTable(COLUMNS, rows, colors),
    `  An alarm is a p of at most ${level.toPrecision(2)}.`,
  ].join('\n');
}

function compared(name: string, check: Report['features'] | Report['residuals'], level: number, colors: Colors) {
  if ('untold' in check) return [untoldRow(name, check.untold)];
  return check.columns.map(({ name: column, psi, usual_psi: usualPsi, ks, usual_ks: usualKs, ...rest }) => [
    column,
    psi.toFixed(3),
    usualPsi.toFixed(3),
    ks.toFixed(3),
    usualKs.toFixed(3),
    rest.spread_ks.toFixed(3),
    rest.usual_spread_ks.toFixed(3),
    probability(rest.p, level, colors),
    '',
  ]);
}

function covered(name: string, check: Report['coverage80'], level: number, colors: Colors): string[] {
  if ('untold' in check) return untoldRow(name, check.untold);
  const { coverage, n, n_independent: apart, p } = check;
  const count = apart === n ? `of ${n}` : `of ${n}, which count for ${apart}`;
  return [name, '', '', '', '', '', '', probability(p, level, colors), `${(coverage * 100).toFixed(1)}% ${count}`];
}

function untoldRow(name: string, reason: string): string[] {
  return [name, '', '', '', '', '', '', '', reason];
}

function probability(p: number, level: number, colors: Colors): string {
  const text = p < 0.001 ? p.toExponential(0) : p.toFixed(3);
  return p <= level ? colors.red(text) : text;
}
