import { expect, it } from 'vitest';
import type { Figure } from '../figure.ts';
import { storesTable } from './stores-table.ts';

const figure = (caseName: string, subject: string, metric: string, value: number): Figure => ({
  bench: 'stores',
  case: caseName,
  subject,
  metric,
  value,
  unit: metric === 'ops_per_s' ? '1/s' : 'us',
});

/** The cells of a table's rows, without its head. */
function cells(figures: readonly Figure[]): string[][] {
  const lines = storesTable(figures)
    .split('\n')
    .filter((line) => line.startsWith('│'));
  return lines.slice(1).map((line) =>
    line
      .slice(1, -1)
      .split('│')
      .map((cell) => cell.trim()),
  );
}

it('says what ours takes longer than the bare client of the same repetition, in time and in CPU time', () => {
  const figures = [
    [100, 110, 52, 50],
    [200, 180, 60, 60],
    [100, 140, 54, 45],
  ].flatMap(([ours, bare, cpu, bareCpu]) => [
    figure('put', 'stockcast', 'ops_per_s', ours!),
    figure('put', 'stockcast', 'cpu_us', cpu!),
    figure('put', 'bare-client', 'ops_per_s', bare!),
    figure('put', 'bare-client', 'cpu_us', bareCpu!),
  ]);
  expect(cells(figures)).toEqual([
    ['put', '1/s', '100', '140', '+10% (-10% to +40%)', '54.0', '50.0', '+4% (0% to +20%)'],
  ]);
});

it('shows one subject alone, and one repetition without a range', () => {
  const rows = cells([
    figure('put', 'stockcast', 'ops_per_s', 100),
    figure('put', 'stockcast', 'cpu_us', 5),
    figure('get', 'stockcast', 'ops_per_s', 100),
    figure('get', 'bare-client', 'ops_per_s', 99.9),
  ]);
  expect(rows).toEqual([
    ['put', '1/s', '100', '', '', '5.00', '', ''],
    ['get', '1/s', '100', '99.9', '0%', '', '', ''],
  ]);
});
