import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Context, fixedClock } from '../domain/context.ts';
import { MemoryCache } from '../stores/cache/memory-cache.ts';
import { type YahooDouble, startYahoo } from '../tests/doubles/yahoo.ts';
import { pricesFrom } from '../tests/support/live-prices.ts';
import { CachedQuotes } from './cached-quotes.ts';
import { LivePrices } from './live-prices.ts';
import { SourceQuotes } from './quotes.ts';

const AT = new Date('2013-03-04T15:59:30.000Z');
const TTL_MS = 300_000;
const LAST = { date: '2013-03-01', price: 430.47, at: '2013-03-01T21:00:00.000Z' };
const context: Context = { tenant: 'default', principal: 'tester', clock: fixedClock('2013-03-04T16:00:00.000Z') };

let yahoo: YahooDouble;
let prices: LivePrices;
let now: number;
let quotes: CachedQuotes;
beforeAll(async () => {
  yahoo = await startYahoo();
});
beforeEach(() => {
  yahoo.behave({ kind: 'well' });
  for (const ticker of ['AAPL', 'IBM']) yahoo.tickers.set(ticker, { bars: [], quote: { price: 425.25, at: AT } });
  now = Date.parse('2013-03-04T16:00:00.000Z');
  prices = new LivePrices(pricesFrom(yahoo.url));
  quotes = new CachedQuotes(new SourceQuotes(prices.sources), { near: new MemoryCache() }, TTL_MS, {
    now: () => now,
    patienceMs: 60_000,
  });
});
afterAll(() => yahoo.stop());
const ask = (ticker = 'AAPL') => quotes.quote(context, ticker, 'yahoo', LAST);
const calls = () => prices.health()[0]?.counts.calls;
const costs = (price: number) => yahoo.tickers.set('AAPL', { bars: [], quote: { price, at: AT } });

test('500 who ask at once share one call to the source', async () => {
  const given = await Promise.all(Array.from({ length: 500 }, () => ask()));
  expect(new Set(given.map(({ price }) => price))).toEqual(new Set([425.25]));
  expect(calls()).toBe(1);
  expect(quotes.counts).toMatchObject({ loads: 1, miss: 500 });
});

test('a quote is held until its time is over, then given once more as stale while the source is asked', async () => {
  await ask();
  costs(430);
  now += TTL_MS - 1;
  expect(await ask()).toEqual({ price: 425.25, at: AT.toISOString(), verdict: 'hit' });
  expect(calls()).toBe(1);

  now += 1;
  expect(await ask()).toMatchObject({ price: 425.25, verdict: 'stale', problem: expect.any(String) });
  await vi.waitFor(async () => expect(await ask()).toMatchObject({ price: 430, verdict: 'hit' }), { timeout: 30_000 });
  expect(calls()).toBe(2);
});

test('while the source is down the last quote is given as stale, and the next one when it is back', async () => {
  await ask();
  yahoo.behave({ kind: 'failing' });
  now += TTL_MS;
  for (let i = 0; i < 3; i++) expect(await ask()).toMatchObject({ price: 425.25, verdict: 'stale' });
  await expect(ask('IBM')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });

  yahoo.behave({ kind: 'well' });
  costs(431);
  const asked = async () => {
    now += 10_000;
    expect(await ask()).toMatchObject({ price: 431 });
  };
  await vi.waitFor(asked, { timeout: 30_000, interval: 100 });
});

test('who asks for a quote of hours ago waits for one of now', async () => {
  await ask();
  costs(430);
  now += 5 * 3_600_000;
  expect(await ask()).toMatchObject({ price: 430, verdict: 'miss' });
  yahoo.behave({ kind: 'failing' });
  now += 5 * 3_600_000;
  expect(await ask()).toMatchObject({ price: 430, verdict: 'stale' });
});

test('what the source lacks is not asked for again within a minute', async () => {
  yahoo.tickers.delete('IBM');
  for (let i = 0; i < 3; i++) await expect(ask('IBM')).rejects.toMatchObject({ code: 'SOURCE_TICKER_UNKNOWN' });
  expect(calls()).toBe(1);
  yahoo.tickers.set('IBM', { bars: [], quote: { price: 200, at: AT } });
  now += 60_001;
  expect(await ask('IBM')).toMatchObject({ price: 200 });
});

test('tickers are held apart, and tenants too', async () => {
  await ask();
  yahoo.tickers.set('IBM', { bars: [], quote: { price: 200, at: AT } });
  expect(await ask('IBM')).toMatchObject({ price: 200 });
  await quotes.quote({ ...context, tenant: 'other' }, 'AAPL', 'yahoo', LAST);
  expect(calls()).toBe(3);
});
