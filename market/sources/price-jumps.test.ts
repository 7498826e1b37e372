import { expect, test } from 'vitest';
import { sampleTicker } from '../../tests/doubles/sample-ticker.ts';
import { jumpInWords, priceJumps } from './price-jumps.ts';

const closes = (...prices: number[]) => prices.map((close, i) => ({ date: `2013-02-${String(25 + i)}`, close }));
const event = (date: string, kind: 'split' | 'dividend', value: number) => ({ ticker: 'X', date, kind, value });

test('finds jumps up and down beyond the factor, and none at it', () => {
  expect(priceJumps(closes(10, 30, 10), [], 3)).toEqual([]);
  expect(priceJumps(closes(10, 30.1, 10), [], 3).map(({ after }) => after.close)).toEqual([30.1, 10]);
});

test('a split or a dividend between the closes explains them', () => {
  expect(priceJumps(closes(100, 10), [event('2013-02-26', 'split', 10)], 3)).toEqual([]);
  expect(priceJumps(closes(100, 1000), [event('2013-02-26', 'split', 0.1)], 3)).toEqual([]);
  expect(priceJumps(closes(100, 20), [event('2013-02-26', 'dividend', 75)], 3)).toEqual([]);
  // One on the day before explains nothing, and one that did not happen is a jump itself.
  expect(priceJumps(closes(100, 10), [event('2013-02-25', 'split', 10)], 3)).toHaveLength(1);
  expect(priceJumps(closes(100, 101), [event('2013-02-26', 'split', 10)], 3)).toHaveLength(1);
});

test('says what jumped', () => {
  expect(priceJumps(closes(100, 10), [], 3).map(jumpInWords)).toEqual([
    'the close of 2013-02-26 is 10 after 100 on 2013-02-25, 0.1 times as much, and no split explains it',
  ]);
});

test('thirteen years of real prices have none, crashes included', () => {
  for (const ticker of ['AAPL', 'GOOG', 'IBM', 'MSFT']) {
    const { bars, events } = sampleTicker(ticker);
    const known = bars.map(({ date, close }) => ({ date, close: close! }));
    expect(priceJumps(known, events, 3)).toEqual([]);
  }
});
