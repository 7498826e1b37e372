import Table from 'cli-table3';
import { type Figure, OURSELVES } from '../figure.ts';
import { median, shown } from '../table.ts';
import { BARE_CLIENT } from './store-subjects.ts';

/** The metric that is CPU time of this process in one call; all others are rates. */
export const CPU = 'cpu_us';

/**
 * A row for each case: the medians over the repetitions of what both reached, and what ours takes longer than the bare
 * client, in time and in CPU time, with the least and the most of the repetitions.
 */
export function storesTable(figures: readonly Figure[]): string {
  const table = new Table({
    head: [
      'case',
      'unit',
      OURSELVES,
      BARE_CLIENT,
      'time over bare',
      `CPU us, ${OURSELVES}`,
      BARE_CLIENT,
      'CPU over bare',
    ],
    colAligns: ['left', 'left', ...Array.from({ length: 6 }, () => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const name of new Set(figures.map((figure) => figure.case))) {
    const ofCase = figures.filter((figure) => figure.case === name);
    const values = (subject: string, isCpu: boolean) =>
      ofCase.filter((each) => each.subject === subject && (each.metric === CPU) === isCpu).map(({ value }) => value);
    const [rate, bareRate] = [values(OURSELVES, false), values(BARE_CLIENT, false)];
    const [cpu, bareCpu] = [values(OURSELVES, true), values(BARE_CLIENT, true)];
    table.push([
      name,
      ofCase.find(({ metric }) => metric !== CPU)?.unit ?? '',
      ...[middle(rate), middle(bareRate), over(bareRate, rate)],
      ...[middle(cpu), middle(bareCpu), over(cpu, bareCpu)],
    ]);
  }
  return table.toString();
}

function middle(values: readonly number[]): string {
  return values.length === 0 ? '' : shown(median(values));
}

/** By how much each is more than its counterpart of the same repetition: the median, and the range where there are several. */
function over(values: readonly number[], counterparts: readonly number[]): string {
  if (values.length === 0 || values.length !== counterparts.length) return '';
  const shares = values.map((value, i) => value / counterparts[i]! - 1);
  const range = shares.length === 1 ? '' : ` (${percent(Math.min(...shares))} to ${percent(Math.max(...shares))})`;
  return `${percent(median(shares))}${range}`;
}

function percent(share: number): string {
  const rounded = Math.round(share * 100);
  return `${rounded > 0 ? '+' : ''}${rounded === 0 ? 0 : rounded}%`;
}
