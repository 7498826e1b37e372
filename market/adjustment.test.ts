import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Bar, CorporateEvent } from '../domain/bar.ts';
import { seriesOf } from '../domain/dataset.ts';
import { adjust } from './adjustment.ts';

const rows = (path: string) =>
  readFileSync(new URL(path, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));

const events = rows('../data/sample/events.csv').map(
  ([ticker, date, kind, value]): CorporateEvent => ({
    ticker: ticker!,
    date: date!,
    kind: kind as CorporateEvent['kind'],
    value: Number(value),
  }),
);

function bundled(ticker: string, path = '../data/sample/prices.csv') {
  const bars = rows(path)
    .filter(([name]) => name === ticker)
    .map(
      ([, sector, date, close, open, low, high, volume]): Bar => ({
        ticker,
        sector: sector!,
        date: date!,
        open: Number(open),
        high: Number(high),
        low: Number(low),
        close: Number(close),
        volume: Number(volume),
      }),
    );
  return { bars, events: events.filter((event) => event.ticker === ticker) };
}

function sameBits(a: Float64Array, b: Float64Array): boolean {
  return Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}

describe('adjust', () => {
  it.each(['AAPL', 'IBM', 'MSFT', 'GOOG'])(
    "gives the same session returns as the source's adjusted prices: %s",
    (ticker) => {
      const { bars, events } = bundled(ticker);
      const { adjustedClose } = adjust(seriesOf(bars), events);
      const oracle = bundled(ticker, '../tests/oracles/prices-adjusted.csv').bars;
      expect(oracle.map((bar) => bar.date)).toEqual(bars.map((bar) => bar.date));
      for (let t = 1; t < bars.length; t++) {
        const ours = adjustedClose[t]! / adjustedClose[t - 1]! - 1;
        const theirs = oracle[t]!.close / oracle[t - 1]!.close - 1;
        expect(Math.abs(ours - theirs), `${ticker} ${bars[t]!.date}`).toBeLessThan(2e-4);
      }
    },
  );

  it('changes nothing up to a session when later bars and events change', () => {
    const { bars, events } = bundled('AAPL');
    const t = bars.findIndex((bar) => bar.date === '2005-02-01');
    const changed = bars.map((bar, i) => (i > t ? { ...bar, close: bar.close * 3, volume: 1 } : bar));
    const before = adjust(seriesOf(bars), events);
    const after = adjust(seriesOf(changed), [
      { ticker: 'AAPL', date: '2005-02-02', kind: 'split', value: 7 },
      ...events.slice(0, 1),
    ]);
    expect(after.adjustedClose.slice(0, t + 1)).toEqual(before.adjustedClose.slice(0, t + 1));
    expect(after.adjustedVolume.slice(0, t + 1)).toEqual(before.adjustedVolume.slice(0, t + 1));
    expect(after.adjustedClose[t + 1]).not.toBe(before.adjustedClose[t + 1]);
  });

  it.each(['AAPL', 'IBM', 'MSFT'])(
    'gives bit-identical values up to any session without the events after it: %s',
    (ticker) => {
      const { bars, events } = bundled(ticker);
      const whole = adjust(seriesOf(bars), events);
      for (let t = 0; t < bars.length; t += 97) {
        const known = events.filter(({ date }) => date <= bars[t]!.date);
        const then = adjust(seriesOf(bars.slice(0, t + 1)), known);
        expect(sameBits(then.adjustedClose, whole.adjustedClose.slice(0, t + 1)), bars[t]!.date).toBe(true);
        expect(sameBits(then.adjustedVolume, whole.adjustedVolume.slice(0, t + 1)), bars[t]!.date).toBe(true);
      }
    },
  );

  it('takes no notice of events before the second session', () => {
    const { bars, events } = bundled('MSFT');
    const early = [
      { ticker: 'MSFT', date: '1999-03-29', kind: 'split', value: 2 },
      { ticker: 'MSFT', date: bars[0]!.date, kind: 'dividend', value: 1 },
    ] as const;
    expect(adjust(seriesOf(bars), [...events, ...early])).toEqual(adjust(seriesOf(bars), events));
  });

  it('applies an event whose ex-date has no bar at the next bar', () => {
    const bar = (date: string, close: number): Bar => ({
      ticker: 'X',
      sector: 'S',
      date,
      open: close,
      high: close,
      low: close,
      close,
      volume: 100,
    });
    const series = seriesOf([bar('2013-01-02', 10), bar('2013-01-04', 5)]);
    const { adjustedClose, adjustedVolume } = adjust(series, [
      { ticker: 'X', date: '2013-01-03', kind: 'split', value: 2 },
      { ticker: 'X', date: '2013-01-03', kind: 'dividend', value: 1 },
    ]);
    expect([...adjustedClose]).toEqual([10, 11]);
    expect([...adjustedVolume]).toEqual([100, 50]);
  });

  it('leaves the prices as traded as they are', () => {
    const { bars, events } = bundled('MSFT');
    expect(adjust(seriesOf(bars), events).close).toEqual(seriesOf(bars).close);
  });
});
