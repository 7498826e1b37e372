import { describe, expect, it } from 'vitest';
import type { Figure } from './figure.ts';
import { figureTable, median } from './table.ts';

const figure = (caseName: string, subject: string, metric: string, value: number): Figure => ({
  bench: 'b',
  case: caseName,
  subject,
  metric,
  value,
  unit: metric === 'fit_ms' ? 'ms' : '',
});

describe('figureTable', () => {
  it('shows the median of the repetitions and its ratio to ours, case by case', () => {
    const lines = figureTable([
      ...[10, 30, 20].map((value) => figure('small', 'stockcast', 'fit_ms', value)),
      ...[50, 40, 6000].map((value) => figure('small', 'peer', 'fit_ms', value)),
      figure('small', 'stockcast', 'r2', 0.8),
      figure('small', 'peer', 'r2', 0.4),
      figure('large', 'peer', 'fit_ms', 7),
    ]).split('\n');
    const cells = lines
      .filter((line) => line.startsWith('│'))
      .map((line) =>
        line
          .slice(1, -1)
          .split('│')
          .map((cell) => cell.trim()),
      );
    expect(cells).toEqual([
      ['case', 'subject', 'fit_ms [ms]', 'ratio', 'r2', 'ratio'],
      ['small', 'stockcast', '20.0', '1.00x', '0.800', '1.00x'],
      ['', 'peer', '50.0', '2.50x', '0.400', '0.500x'],
      ['large', 'peer', '7.00', '', '', ''],
    ]);
  });

  it('takes the middle of an even number between the middle two', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
    expect(median([])).toBeNaN();
  });
});
