import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Bar, CorporateEvent } from '../../domain/bar.ts';
import { sessionAt, sessionOrdinal } from '../../domain/calendar.ts';
import { seriesOf } from '../../domain/dataset.ts';
import { adjust } from '../../market/adjustment.ts';
import { SAMPLE_TICKERS, sampleBars, sampleEvents, sampleSeries } from '../../tests/sample-series.ts';
import { buildFeatures } from './build-features.ts';
import { FEATURE_NAMES, WARM_UP } from './feature-matrix.ts';

interface Oracle {
  readonly [ticker: string]: { readonly names: string[]; readonly rows: { readonly [date: string]: number[] } };
}
const oracle: Oracle = JSON.parse(
  readFileSync(new URL('../../tests/oracles/features/features.json', import.meta.url), 'utf8'),
);

const row = (matrix: ReturnType<typeof buildFeatures>, r: number) => [
  ...matrix.X.values.subarray(r * matrix.X.nColumns, (r + 1) * matrix.X.nColumns),
];

const flatBars = (n: number, volume: number): Bar[] =>
  Array.from({ length: n }, (_, i) => ({
    ticker: 'FLAT',
    sector: 'None',
    date: sessionAt(5000 + i),
    open: 20.1,
    high: 20.1,
    low: 20.1,
    close: 20.1,
    volume,
  }));

describe('features', () => {
  it.each(SAMPLE_TICKERS)('of %s equal what pandas computes, to 1e-9', (ticker) => {
    const features = buildFeatures(sampleSeries(ticker));
    const { names, rows } = oracle[ticker]!;
    expect(features.names).toEqual(names);
    expect(Object.keys(rows).length).toBeGreaterThan(30);
    for (const [date, expected] of Object.entries(rows)) {
      const actual = row(features, features.dates.indexOf(date));
      for (let j = 0; j < names.length; j++) {
        const error = Math.abs(actual[j]! - expected[j]!) / Math.max(1, Math.abs(expected[j]!));
        expect(error, `${names[j]} on ${date}`).toBeLessThan(1e-9);
      }
    }
  });

  it('have one row per bar after the warm-up', () => {
    const series = sampleSeries('GOOG');
    const features = buildFeatures(series);
    expect(features.dates).toEqual(series.dates.slice(WARM_UP));
    expect(features.X).toMatchObject({ nRows: series.dates.length - WARM_UP, nColumns: FEATURE_NAMES.length });
    expect(features).toMatchObject({ ticker: 'GOOG', featureSet: 'basic-1' });
    expect(features.adjustedClose[0]).toBe(series.adjustedClose[WARM_UP]);
    expect(buildFeatures(adjust(seriesOf(flatBars(WARM_UP, 1)), [])).X.nRows).toBe(0);
    expect(buildFeatures(adjust(seriesOf(flatBars(3, 1)), [])).dates).toEqual([]);
  });

  it('stay bit-identical up to a session when bars and events after it change', () => {
    const bars = sampleBars('AAPL').slice(0, 400);
    const events = sampleEvents('AAPL');
    const last = 250;
    const perturbed = bars.map((bar, i) =>
      i <= last ? bar : { ...bar, open: 7, high: 9 + i, low: 5, close: 6 + (i % 3), volume: i * 31 },
    );
    const more: CorporateEvent[] = [
      { ticker: 'AAPL', date: bars[last + 1]!.date, kind: 'split', value: 3 },
      { ticker: 'AAPL', date: bars[last + 40]!.date, kind: 'dividend', value: 2 },
    ];
    const before = buildFeatures(adjust(seriesOf(bars), events));
    const after = buildFeatures(adjust(seriesOf(perturbed), [...events, ...more]));
    const cells = (last + 1 - WARM_UP) * FEATURE_NAMES.length;
    expect(after.X.values.slice(0, cells)).toEqual(before.X.values.slice(0, cells));
    expect(after.X.values.slice(cells, cells + 12)).not.toEqual(before.X.values.slice(cells, cells + 12));
    const truncated = buildFeatures(adjust(seriesOf(bars.slice(0, last + 1)), events));
    expect(truncated.X.values).toEqual(before.X.values.slice(0, cells));
  });

  it('are zero, and RSI one half, where prices never move, even without a single trade', () => {
    for (const volume of [0, 1000]) {
      const features = buildFeatures(adjust(seriesOf(flatBars(90, volume)), []));
      for (let r = 0; r < features.X.nRows; r++) {
        const expected = FEATURE_NAMES.map((name) => (name === 'rsi14' ? 0.5 : 0));
        row(features, r).forEach((value, j) => {
          expect(value).toBeCloseTo(expected[j]!, 12);
        });
      }
    }
  });

  it('stay finite when trading stops for a day and prices stand still for years', () => {
    const moving = sampleBars('IBM').slice(0, 60);
    const still = flatBars(3000, 0).map((bar, i) => ({
      ...bar,
      date: sessionAt(sessionOrdinal(moving.at(-1)!.date) + 1 + i),
    }));
    const bars = [...moving.map((bar, i) => (i === 30 ? { ...bar, volume: 0 } : bar)), ...still];
    const { X } = buildFeatures(adjust(seriesOf(bars), []));
    expect(X.values.every(Number.isFinite)).toBe(true);
  });

  it('keep RSI at 1 in an unbroken rise and at 0 in an unbroken fall', () => {
    const column = FEATURE_NAMES.indexOf('rsi14');
    const trend = (step: number) =>
      flatBars(60, 10).map((bar, i) => {
        const price = 100 + i * step;
        return { ...bar, open: price, high: price, low: price, close: price };
      });
    expect(row(buildFeatures(adjust(seriesOf(trend(1)), [])), 0)[column]).toBe(1);
    expect(row(buildFeatures(adjust(seriesOf(trend(-1)), [])), 30)[column]).toBe(0);
  });
});
