import Table from 'cli-table3';
import type { Figure } from '../figure.ts';

const NAIVE = 'naive';
const CONSTANT_WIDTH = 'constant-width';

/** The figures of an evaluation as a table: a row per case and subject, errors as ratios to naive, Winkler to constant width. */
export function evaluationTable(figures: readonly Figure[]): string {
  const valueOf = new Map(figures.map((figure) => [key(figure.case, figure.subject, figure.metric), figure.value]));
  const table = new Table({
    head: [
      'case',
      'subject',
      'RMSE',
      '/ naive',
      'MAE / naive',
      'direction',
      'in 80%',
      'in 95%',
      'Winkler 80',
      'Winkler 95',
      'served',
    ],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  let previous = '';
  for (const name of new Set(figures.map((figure) => figure.case))) {
    for (const subject of new Set(figures.filter((figure) => figure.case === name).map((figure) => figure.subject))) {
      const value = (metric: string) => valueOf.get(key(name, subject, metric));
      const over = (metric: string, other: string) => ratio(value(metric), valueOf.get(key(name, other, metric)));
      table.push([
        name === previous ? '' : name,
        subject,
        shown(value('rmse'), 5),
        over('rmse', NAIVE),
        over('mae', NAIVE),
        percent(value('direction')),
        percent(value('coverage80')),
        percent(value('coverage95')),
        over('winkler80', CONSTANT_WIDTH),
        over('winkler95', CONSTANT_WIDTH),
        percent(value('share')),
      ]);
      previous = name;
    }
  }
  return table.toString();
}

const key = (...parts: readonly string[]): string => JSON.stringify(parts);
const shown = (value: number | undefined, digits: number): string => (value === undefined ? '' : value.toFixed(digits));
const percent = (value: number | undefined): string => (value === undefined ? '' : `${(value * 100).toFixed(1)}%`);
const ratio = (value: number | undefined, other: number | undefined): string =>
  value === undefined || other === undefined ? '' : (value / other).toFixed(4);
