import { expect, test } from 'vitest';
import { N_SESSIONS, WARM_UP_TICKERS, resampledUniverse } from './resampled-universe.ts';

test('has two years of each ticker with possible prices, the same from the same seed', () => {
  const text = resampledUniverse(6, 7);
  expect(text).toBe(resampledUniverse(6, 7));
  expect(text).not.toBe(resampledUniverse(6, 8));
  const rows = text.trim().split('\n').slice(1);
  expect(rows).toHaveLength((WARM_UP_TICKERS.length + 6) * N_SESSIONS);
  const closes = new Map<string, number[]>();
  for (const row of rows) {
    const [ticker, , , open, high, low, close] = row.split(',');
    expect(Number(low)).toBeLessThanOrEqual(Math.min(Number(open), Number(close)));
    expect(Number(high)).toBeGreaterThanOrEqual(Math.max(Number(open), Number(close)));
    closes.set(ticker!, [...(closes.get(ticker!) ?? []), Number(close)]);
  }
  expect(new Set([...closes.values()].map(String)).size).toBe(WARM_UP_TICKERS.length + 6);
});
