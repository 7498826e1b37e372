import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Context, fixedClock } from '../domain/context.ts';
import { MemoryCache } from '../stores/cache/memory-cache.ts';
import type { Mood } from '../tests/doubles/provider.ts';
import { sampleTicker } from '../tests/doubles/sample-ticker.ts';
import { type YahooDouble, startYahoo } from '../tests/doubles/yahoo.ts';
import { pricesFrom } from '../tests/support/live-prices.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { samplePrices, withFile } from '../tests/support/test-universe.ts';
import { CachedQuotes } from './cached-quotes.ts';
import { type Quotes, quote } from './quotes.ts';
import { takeInPrices } from './take-in-prices.ts';

const apple = sampleTicker('AAPL');
const NOW = '2013-03-04T16:00:00.000Z';
const AT = new Date('2013-03-04T15:59:30.000Z');
const context: Context = { tenant: 'default', principal: 'tester', clock: fixedClock(NOW) };
const LAST = { date: '2013-03-01', price: 430.47, at: '2013-03-01T21:00:00.000Z' };
const LAST_KNOWN = { price: 430.47, at: '2013-03-01T21:00:00.000Z', source: 'csv', stale: true, age_seconds: 241_200 };

let yahoo: YahooDouble;
let test_: TestServices;
beforeAll(async () => {
  yahoo = await startYahoo();
  test_ = await openServices(pricesFrom(yahoo.url, { breakerFailures: 3 }));
  await withFile(samplePrices(['AAPL'], 100), (pricesPath) =>
    takeInPrices(test_.services, context, { pricesPath, pricesName: 'a.csv', onBadRow: 'refuse', adjustSplits: false }),
  );
});
beforeEach(() => {
  yahoo.behave({ kind: 'well' });
  yahoo.tickers.set('AAPL', { ...apple, quote: { price: 425.25, at: AT } });
  yahoo.requests.length = 0;
});
afterAll(async () => {
  await test_.close();
  await yahoo.stop();
});
const ask = async (patienceMs = 60_000, quotes: Quotes = test_.services.quotes) =>
  (await quote({ quotes }, context, { ticker: 'AAPL', source: 'yahoo', last: LAST }, patienceMs)).answer;
const LIVE = { price: 425.25, at: AT.toISOString(), source: 'yahoo', stale: false, age_seconds: 30 };

test('gives the newest price with its age', async () => {
  expect(await ask()).toEqual(LIVE);
});

test.each<Mood>([
  { kind: 'too-many-requests', retryAfter: 0 },
  { kind: 'failing' },
  { kind: 'reset' },
  { kind: 'truncated' },
  { kind: 'malformed' },
])('%o: the newest known close, stale and with its age; then live again', async (mood) => {
  yahoo.behave(mood);
  const stale = await ask();
  expect(stale).toMatchObject(LAST_KNOWN);
  expect(stale.problem).toMatch(/^yahoo does not answer: /);
  yahoo.behave({ kind: 'well' });
  await vi.waitUntil(async () => !(await ask()).stale, { timeout: 30_000 });
  expect(test_.services.prices.health()).toMatchObject([{ name: 'yahoo', breaker: 'closed' }]);
});

test('waits no longer than it should for a source that does not answer', async () => {
  yahoo.behave({ kind: 'silent' });
  expect(await ask(50)).toMatchObject({ ...LAST_KNOWN, problem: expect.stringMatching(/no answer in time/) });
});

test('an unknown symbol falls back to what is known of it; an unknown source is an error', async () => {
  yahoo.tickers.delete('AAPL');
  expect(await ask()).toMatchObject({ ...LAST_KNOWN, problem: expect.stringMatching(/yahoo has no prices of AAPL/) });
  const asked = quote(test_.services, context, { ticker: 'AAPL', source: 'bloomberg', last: LAST }, 60_000);
  await expect(asked).rejects.toMatchObject({ code: 'SOURCE_UNKNOWN' });
});

test('does not believe a price that jumps without a split', async () => {
  yahoo.tickers.set('AAPL', { ...apple, quote: { price: 42.5, at: AT } });
  const refused = await ask();
  expect(refused).toMatchObject(LAST_KNOWN);
  expect(refused.problem).toMatch(/2013-03-04 is 42.5 after 430.47 on 2013-03-01.*STOCKCAST_PRICE_MAX_JUMP/);
});

test.each([new Date(0), new Date('2013-03-06T00:00:00.000Z')])('does not believe a price of %o', async (at) => {
  yahoo.tickers.set('AAPL', { ...apple, quote: { price: 425.25, at } });
  expect((await ask()).problem).toContain(`a price is not of ${at.toISOString()}`);
});

test('a price that jumps is asked for once by the many who want it, and not again at once', async () => {
  yahoo.tickers.set('AAPL', { ...apple, quote: { price: 42.5, at: AT } });
  const held = new CachedQuotes(test_.services.quotes, { near: new MemoryCache() }, 300_000);
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(60_000, held)));
    for (const answer of answers) expect(answer).toMatchObject(LAST_KNOWN);
  }
  expect(yahoo.requests.filter((path) => path.includes('/v7/finance/quote'))).toHaveLength(1);
  expect(yahoo.requests.filter((path) => path.includes('/chart/'))).toHaveLength(1);
});

test('an outdated quote from before the newest close is no better than that close', async () => {
  let now = Date.parse(NOW);
  const held = new CachedQuotes(test_.services.quotes, { near: new MemoryCache() }, 300_000, { now: () => now });
  const before = new Date('2013-03-01T20:00:00.000Z');
  yahoo.tickers.set('AAPL', { ...apple, quote: { price: 428, at: before } });
  expect(await ask(60_000, held)).toMatchObject({ price: 428, source: 'yahoo', stale: false });
  now += 300_000;
  yahoo.behave({ kind: 'failing' });
  const outdated = { ...LAST_KNOWN, problem: expect.stringContaining('has not told a newer price') };
  expect(await ask(60_000, held)).toMatchObject(outdated);
  yahoo.behave({ kind: 'well' });
  await vi.waitUntil(async () => !(await ask()).stale, { timeout: 30_000 });
});

// What it takes in stays: the last test.
test('learns of a split of this morning when a price jumps by it', async () => {
  const split = { ticker: 'AAPL', date: '2013-03-04', kind: 'split', value: 7 } as const;
  yahoo.tickers.set('AAPL', { ...apple, events: [...apple.events, split], quote: { price: 61.1, at: AT } });
  expect(await ask()).toMatchObject({ price: 61.1, stale: false });
});
