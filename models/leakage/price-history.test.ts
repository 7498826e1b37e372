import { describe, expect, it } from 'vitest';
import { sampleHistory } from '../../tests/leakage-subject.ts';
import { seededRandom } from '../random.ts';
import { historyUpTo, keepBars, withOtherFuture } from './price-history.ts';

const history = sampleHistory('AAPL', 600);
const { series, events } = history;
const COLUMNS = ['open', 'high', 'low', 'close', 'volume'] as const;
const LAST = 400;
const last = series.dates[LAST]!;

describe('a history', () => {
  it('keeps the bars it is told to, in every column', () => {
    const kept = keepBars(series, (bar) => bar % 2 === 1);
    expect(kept).toMatchObject({ ticker: 'AAPL', sector: series.sector });
    expect(kept.dates).toHaveLength(300);
    kept.dates.forEach((date, i) => {
      expect(date).toBe(series.dates[2 * i + 1]);
      for (const column of COLUMNS) expect(kept[column][i]).toBe(series[column][2 * i + 1]);
    });
  });

  it('up to a session holds its bar, and no bar or event after it', () => {
    const exDate = events.at(-1)!.date;
    expect(historyUpTo(history, exDate).events).toEqual(events);
    expect(historyUpTo(history, exDate).series.dates.at(-1)).toBe(exDate);
    const dayBefore = series.dates[series.dates.indexOf(exDate) - 1]!;
    expect(historyUpTo(history, dayBefore).events).toEqual(events.slice(0, -1));
  });
});

describe('another future', () => {
  const other = withOtherFuture(history, last, seededRandom(1));

  it('leaves what was known as it is, and every date', () => {
    expect(historyUpTo(other, last)).toEqual(historyUpTo(history, last));
    expect(other.series.dates).toEqual(series.dates);
  });

  it('moves each later bar by a factor of its own, between half and double, which keeps it well-formed', () => {
    const factors = new Set<number>();
    for (let bar = LAST + 1; bar < series.dates.length; bar++) {
      const factor = other.series.close[bar]! / series.close[bar]!;
      factors.add(factor);
      expect(factor).toBeGreaterThanOrEqual(0.5);
      expect(factor).toBeLessThan(2);
      for (const column of ['open', 'high', 'low'] as const) {
        expect(other.series[column][bar]! / series[column][bar]!).toBeCloseTo(factor, 12);
      }
      const traded = (other.series.volume[bar]! - 1) / series.volume[bar]!;
      expect(traded).toBeGreaterThan(0.499);
      expect(traded).toBeLessThan(2.001);
      expect(other.series.volume[bar]).not.toBe(series.volume[bar]);
      expect(Number.isInteger(other.series.volume[bar])).toBe(true);
    }
    expect(factors.size).toBe(series.dates.length - LAST - 1);
    expect(Math.min(...factors)).toBeLessThan(0.6);
    expect(Math.max(...factors)).toBeGreaterThan(1.7);
  });

  it('brings a 3-for-1 split at the next bar and a dividend soon after, in place of all later events', () => {
    const paying = LAST + 4;
    expect(events.some(({ date }) => date > last)).toBe(true);
    expect(other.events).toEqual([
      ...events.filter(({ date }) => date <= last),
      { ticker: 'AAPL', date: series.dates[LAST + 1], kind: 'split', value: 3 },
      { ticker: 'AAPL', date: series.dates[paying], kind: 'dividend', value: other.series.close[paying]! * 0.1 },
    ]);
    const ends = withOtherFuture(history, series.dates.at(-2)!, seededRandom(1));
    expect(ends.events.slice(-2).map(({ date }) => date)).toEqual([series.dates.at(-1), series.dates.at(-1)]);
  });

  it('of a history that has yet to begin changes all of it, and no date', () => {
    const early = withOtherFuture(history, '1999-01-04', seededRandom(1));
    expect(early.series.dates).toEqual(series.dates);
    expect(early.series.close.every((price, bar) => price !== series.close[bar])).toBe(true);
    expect(early.events.map(({ date }) => date)).toEqual([series.dates[0], series.dates[3]]);
  });

  it('is the same for the same seed, another for another, and none after the newest bar', () => {
    expect(withOtherFuture(history, last, seededRandom(1))).toEqual(other);
    expect(withOtherFuture(history, last, seededRandom(2))).not.toEqual(other);
    const newest = series.dates.at(-1)!;
    expect(withOtherFuture(history, newest, seededRandom(1))).toEqual(historyUpTo(history, newest));
  });
});
