import { describe, expect, it } from 'vitest';
import { sessionAt } from '../../domain/calendar.ts';
import { honestSubject, pooledRows, sampleHistory } from '../../tests/leakage-subject.ts';
import { SAMPLE_TICKERS } from '../../tests/sample-series.ts';
import { buildFeatures } from '../features/build-features.ts';
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import { sessionOrdinals } from '../features/labels.ts';
import type { LeakageSubject, LearningRows } from './leakage-subject.ts';
import { keepBars } from './price-history.ts';
import { checkSessionGaps } from './session-gaps.ts';

const SEEDS = [1, 2, 3, 4, 5];
const options = { tickers: ['IBM'], sessions: 900, horizon: 10, lookback: 5 };
const honest = honestSubject(options);
const check = (planted: Partial<LeakageSubject>, seed = 1) => checkSessionGaps({ ...honest, ...planted }, { seed });
const rowsOf = (features: readonly FeatureMatrix[]) => pooledRows(features, 10, 5);
const changed = (change: (rows: LearningRows) => Partial<LearningRows>): Partial<LeakageSubject> => ({
  learningRows: (features) => ({ ...rowsOf(features), ...change(rowsOf(features)) }),
});

/** Rows by position, as if bars that follow each other were always consecutive sessions. */
function rowsByPosition(matrix: FeatureMatrix, by: { sequences: boolean; labels: boolean }): LearningRows {
  const { X, adjustedClose, dates } = matrix;
  const ordinals = sessionOrdinals(dates);
  const rows = [...dates.keys()].filter(
    (row) =>
      row >= 4 &&
      row + 10 < dates.length &&
      (by.sequences || ordinals[row]! - ordinals[row - 4]! === 4) &&
      (by.labels || ordinals[row + 10]! - ordinals[row]! === 10),
  );
  return {
    X: {
      nRows: rows.length,
      nColumns: 5 * X.nColumns,
      values: Float64Array.from(
        rows.flatMap((row) => [...X.values.subarray((row - 4) * X.nColumns, (row + 1) * X.nColumns)]),
      ),
    },
    y: Float64Array.from(rows, (row) => Math.log(adjustedClose[row + 10]! / adjustedClose[row]!)),
    ordinals: Int32Array.from(rows, (row) => ordinals[row]!),
  };
}

describe('the check of gaps', () => {
  it.each(SAMPLE_TICKERS)('finds nothing in the rows of %s, whatever the seed', (ticker) => {
    for (const lookback of [1, 20]) {
      const subject = honestSubject({ tickers: [ticker], sessions: 1000, horizon: 10, lookback });
      for (const seed of SEEDS) {
        expect(checkSessionGaps(subject, { seed })).toMatchObject({ name: 'session-gaps', passed: true });
      }
    }
  });

  it('says how many rows it saw, and how many sessions it took out', () => {
    const { detail } = check({});
    const found =
      /^each row \((\d+) rows, and (\d+) with (\d+) sessions taken out\) rests on 5 consecutive sessions and has its label from exactly 10 sessions later$/;
    const [whole, left, taken] = found.exec(detail)!.slice(1).map(Number);
    expect(whole).toBe(900 - 20 - 4 - 10);
    // 900 bars have 6 gaps of up to 3 sessions; each costs more rows than sessions, but no row is lost for nothing.
    expect(taken).toBeGreaterThanOrEqual(6);
    expect(taken).toBeLessThanOrEqual(18);
    expect(left).toBeLessThan(whole! - taken!);
    expect(left).toBeGreaterThan(whole! - taken! - 6 * 20);
  });

  it('takes out sessions of any part of the history, drawn by the seed, at least one', () => {
    const missing = (seed: number, sessions: number) => {
      const subject = honestSubject({ ...options, sessions });
      const seen: string[][] = [];
      checkSessionGaps(
        {
          ...subject,
          adjust(series, events) {
            seen.push([...series.dates]);
            return subject.adjust(series, events);
          },
        },
        { seed },
      );
      const left = new Set(seen[1]);
      return seen[0]!.flatMap((date, bar) => (left.has(date) ? [] : [bar]));
    };
    expect(missing(1, 900)).toEqual(missing(1, 900));
    expect(missing(1, 900)).not.toEqual(missing(2, 900));
    const all = SEEDS.flatMap((seed) => missing(seed, 900));
    expect(Math.min(...all)).toBeLessThan(200);
    expect(Math.max(...all)).toBeGreaterThan(700);
    for (const seed of SEEDS) {
      expect(missing(seed, 100).length).toBeGreaterThan(0);
      expect(missing(seed, 100).length).toBeLessThanOrEqual(3);
    }
    const lengths = SEEDS.map((seed) => missing(seed, 100).length);
    expect(new Set(lengths).size).toBeGreaterThan(1);
  });

  it('takes nothing for a gap but what the calendar calls one', () => {
    const series = keepBars(honest.histories[0]!.series, (bar) => bar % 97 !== 50);
    expect(check({ histories: [{ series, events: [] }] }).passed).toBe(true);
  });

  it.each<[string, Partial<LeakageSubject>, RegExp]>([
    [
      'a sequence across a gap',
      { learningRows: ([matrix]) => rowsByPosition(matrix!, { sequences: true, labels: false }) },
      /^the row of \S+ looks back on \S+, which has no features, with \d+ sessions taken out$/,
    ],
    [
      'a label that counts bars',
      { learningRows: ([matrix]) => rowsByPosition(matrix!, { sequences: false, labels: true }) },
      /^the row of \S+ has (a label, but 10 sessions later there is no bar|the label \S+, where the log return over 10 sessions is \S+), with \d+ sessions taken out$/,
    ],
    [
      'features of the next session',
      changed(({ X }) => {
        const values = new Float64Array(X.values.length);
        values.set(X.values.subarray(12));
        return { X: { ...X, values } };
      }),
      /^the row of \S+ has another \S+ than \S+ itself$/,
    ],
    [
      'sequences in the wrong order',
      changed(({ X }) => {
        const swapped = X.values.map((_, cell) => {
          const [row, column] = [Math.floor(cell / 60), cell % 60];
          return X.values[row * 60 + (4 - Math.floor(column / 12)) * 12 + (column % 12)]!;
        });
        return { X: { ...X, values: swapped } };
      }),
      /has another return than/,
    ],
    [
      'one wrong number in the oldest session of the last row',
      changed(({ X }) => ({ X: { ...X, values: X.values.with(X.values.length - 49, 7) } })),
      /^the row of \S+ has another rsi14 than \S+ itself$/,
    ],
    [
      'features that were scaled',
      changed(({ X }) => ({ X: { ...X, values: X.values.map((value) => value / 3) } })),
      /has another/,
    ],
    [
      'labels of another horizon',
      { learningRows: (features) => pooledRows(features, 9, 5) },
      /has the label \S+, where the log return over 10 sessions is \S+$/,
    ],
    ['labels a little off', changed(({ y }) => ({ y: y.map((label) => label + 2e-9) })), /has the label/],
    ['labels that are no numbers', changed(({ y }) => ({ y: y.map(() => Number.NaN) })), /has the label NaN/],
    [
      'rows that claim other sessions',
      changed(({ ordinals }) => ({ ordinals: ordinals.map((_, row) => row) })),
      /^the row of 1990-01-02 looks back on 1990-01-02, which has no features$/,
    ],
    [
      'rows of another lookback',
      { learningRows: (features) => pooledRows(features, 10, 4) },
      /^rows have 48 columns, where 5 sessions should have 60$/,
    ],
    [
      'prices invented for missing sessions',
      {
        buildFeatures(series) {
          const first = sessionOrdinals(series.dates.slice(0, 1))[0]!;
          const last = sessionOrdinals(series.dates.slice(-1))[0]!;
          const dates = Array.from({ length: last - first + 1 }, (_, i) => sessionAt(first + i));
          let bar = 0;
          const bars = dates.map((date) => (bar = series.dates[bar + 1] === date ? bar + 1 : bar));
          const filled = (values: Float64Array) => Float64Array.from(bars, (from) => values[from]!);
          return buildFeatures({
            ...series,
            dates,
            open: filled(series.open),
            high: filled(series.high),
            low: filled(series.low),
            close: filled(series.close),
            volume: filled(series.volume),
            adjustedClose: filled(series.adjustedClose),
            adjustedVolume: filled(series.adjustedVolume),
          });
        },
      },
      /(which has no features|there is no bar), with \d+ sessions taken out$/,
    ],
  ])('catches %s, whatever the seed', (_, planted, detail) => {
    for (const seed of SEEDS) {
      const found = check(planted, seed);
      expect(found).toMatchObject({ name: 'session-gaps', passed: false });
      expect(found.detail).toMatch(detail);
    }
  });

  it('names the session that is missing, the newest one first', () => {
    const { series } = honest.histories[0]!;
    const missing = series.dates[450]!;
    const histories = [{ series: keepBars(series, (bar) => bar !== 450), events: [] }];
    const learningRows = ([matrix]: readonly FeatureMatrix[]) =>
      rowsByPosition(matrix!, { sequences: true, labels: false });
    const { detail } = check({ histories, learningRows });
    expect(detail).toBe(`the row of ${series.dates[451]} looks back on ${missing}, which has no features`);
  });

  it('allows labels that differ by rounding alone', () => {
    expect(check(changed(({ y }) => ({ y: y.map((label) => label - 1e-12) }))).passed).toBe(true);
  });

  it('lets pooled rows be of any one history, and of no two', () => {
    const tickers = ['IBM', 'MSFT', 'AAPL'];
    const pooled = honestSubject({ ...options, tickers, sessions: 300 });
    expect(checkSessionGaps(pooled, { seed: 1 })).toMatchObject({
      passed: true,
      detail: expect.stringContaining('(798 rows, '),
    });
    const mixed: LeakageSubject = {
      ...pooled,
      learningRows(features) {
        const rows = rowsOf(features);
        // The oldest session of the first ticker's newest row comes from the second ticker's.
        const values = rows.X.values.slice();
        const [from, to] = [(rows.y.length - 2) * 60, (rows.y.length - 3) * 60];
        values.copyWithin(to, from, from + 12);
        return { ...rows, X: { ...rows.X, values } };
      },
    };
    expect(checkSessionGaps(mixed, { seed: 1 }).passed).toBe(false);
  });

  it('does not vouch for a history without rows, though gaps may leave none', () => {
    expect(check({ histories: [sampleHistory('IBM', 34)] })).toEqual({
      name: 'session-gaps',
      passed: false,
      detail: 'there are no rows to check',
    });
    const founds = SEEDS.map((seed) => check({ histories: [sampleHistory('IBM', 35)] }, seed));
    expect(founds.every(({ passed }) => passed)).toBe(true);
    expect(founds.some(({ detail }) => detail.startsWith('each row (1 row, and 0 with '))).toBe(true);
  });

  it('stops with the reason it is given, also between the whole histories and those with gaps', () => {
    const reason = new Error('no longer wanted');
    expect(() => checkSessionGaps(honest, { seed: 1, signal: AbortSignal.abort(reason) })).toThrow(reason);
    const controller = new AbortController();
    let calls = 0;
    const learningRows = (features: readonly FeatureMatrix[]) => {
      calls++;
      controller.abort(reason);
      return rowsOf(features);
    };
    expect(() => checkSessionGaps({ ...honest, learningRows }, { seed: 1, signal: controller.signal })).toThrow(reason);
    expect(calls).toBe(1);
  });
});
