import { describe, expect, it } from 'vitest';
import type { CorporateEvent, PriceSeries } from '../domain/bar.ts';
import { sessionAt, sessionOrdinal } from '../domain/calendar.ts';
import { unsoundness } from './soundness.ts';

const FIRST = sessionOrdinal('2012-01-03');
const MAX_JUMP = 3;

/** Sessions in a row whose closes are given; ordinary volume and range. */
function history(closes: readonly number[], dateOf = (t: number) => sessionAt(FIRST + t)): PriceSeries {
  const close = Float64Array.from(closes);
  return {
    ticker: 'T',
    sector: 'Tests',
    dates: closes.map((_, t) => dateOf(t)),
    open: close.slice(),
    high: close.map((price) => price * 1.01),
    low: close.map((price) => price * 0.99),
    close,
    volume: new Float64Array(closes.length).fill(1000),
  };
}
const flat = (n: number, price = 100) => Array.from({ length: n }, (_, t) => price + (t % 7) / 10);
const split: CorporateEvent = { ticker: 'T', date: sessionAt(FIRST + 50), kind: 'split', value: 2 };

describe('a history', () => {
  it('is sound where nothing speaks against it', async () => {
    expect(await unsoundness(history(flat(100)), [], undefined, MAX_JUMP)).toEqual([]);
  });

  it('is not with a jump that no split explains, there and back', async () => {
    const closes = flat(100);
    closes[50]! *= 100;
    expect(await unsoundness(history(closes), [], undefined, MAX_JUMP)).toEqual([
      expect.stringContaining(`the close of ${sessionAt(FIRST + 50)} is`),
      expect.stringContaining(`the close of ${sessionAt(FIRST + 51)} is`),
    ]);
  });

  it('is not with what looks like a split that nobody told of, and is with the split', async () => {
    const closes = [...flat(50), ...flat(50, 50)];
    expect(await unsoundness(history(closes), [], undefined, MAX_JUMP)).toEqual([
      expect.stringMatching(new RegExp(`^${split.date} looks like a 2:1 split`)),
    ]);
    expect(await unsoundness(history(closes), [split], undefined, MAX_JUMP)).toEqual([]);
  });

  it('may lack ten sessions in a row, not eleven', async () => {
    const lacking = (n: number) => history(flat(100), (t) => sessionAt(FIRST + t + (t < 40 ? 0 : n)));
    expect(await unsoundness(lacking(10), [], undefined, MAX_JUMP)).toEqual([]);
    expect(await unsoundness(lacking(11), [], undefined, MAX_JUMP)).toEqual([
      `11 sessions in a row are missing between ${sessionAt(FIRST + 39)} and ${sessionAt(FIRST + 51)}`,
    ]);
  });

  it('may come from a file of which a twentieth was rejected, not more', async () => {
    const from = (rejectedRows: number) => ({ source: 'p.csv', fetchedAt: '', acceptedRows: 95, rejectedRows });
    expect(await unsoundness(history(flat(95)), [], from(5), MAX_JUMP)).toEqual([]);
    expect(await unsoundness(history(flat(95)), [], from(6), MAX_JUMP)).toEqual([
      '6 of the 101 rows of p.csv were rejected',
    ]);
  });

  it('names the first five of many problems', async () => {
    const problems = await unsoundness(history(flat(40).map((p, t) => p * (t % 2 ? 1 : 9))), [], undefined, MAX_JUMP);
    expect(problems).toHaveLength(6);
    expect(problems.at(-1)).toBe('and 34 more');
  });
});
