import Table from 'cli-table3';
import { type Figure, OURSELVES } from './figure.ts';

/** The middle value, or the mean of the middle two; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return sorted.length === 0 ? Number.NaN : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * A table for people: a row for each case and subject, a column for each metric with the median over the repetitions
 * and its ratio to ours in the same case.
 */
export function figureTable(figures: readonly Figure[]): string {
  const metrics = new Map(figures.map(({ metric, unit }) => [metric, unit === '' ? metric : `${metric} [${unit}]`]));
  const values = new Map<string, number[]>();
  const rows = new Map<string, { readonly case: string; readonly subject: string }>();
  for (const figure of figures) {
    const key = keyOf(figure.case, figure.subject, figure.metric);
    values.set(key, [...(values.get(key) ?? []), figure.value]);
    rows.set(keyOf(figure.case, figure.subject), { case: figure.case, subject: figure.subject });
  }
  const table = new Table({
    head: ['case', 'subject', ...[...metrics.values()].flatMap((title) => [title, 'ratio'])],
    colAligns: ['left', 'left', ...[...metrics].flatMap(() => ['right', 'right'] as const)],
    style: { head: [], border: [], compact: true },
  });
  let previousCase = '';
  for (const row of rows.values()) {
    const cells = [...metrics.keys()].flatMap((metric) => {
      const value = median(values.get(keyOf(row.case, row.subject, metric)) ?? []);
      const ours = median(values.get(keyOf(row.case, OURSELVES, metric)) ?? []);
      return [Number.isNaN(value) ? '' : shown(value), !Number.isFinite(value / ours) ? '' : `${shown(value / ours)}x`];
    });
    table.push([row.case === previousCase ? '' : row.case, row.subject, ...cells]);
    previousCase = row.case;
  }
  return table.toString();
}

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);

/** At least three significant digits, without an exponent. */
export function shown(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
