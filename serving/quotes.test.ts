import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Context, fixedClock } from '../domain/context.ts';
import type { Mood } from '../tests/doubles/provider.ts';
import { sampleTicker } from '../tests/doubles/sample-ticker.ts';
import { type YahooDouble, startYahoo } from '../tests/doubles/yahoo.ts';
import { pricesFrom } from '../tests/support/live-prices.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { samplePrices, withFile } from '../tests/support/test-universe.ts';
import { quote } from './quotes.ts';
import { takeInPrices } from './take-in-prices.ts';

const apple = sampleTicker('AAPL');
const NOW = '2013-03-04T16:00:00.000Z';
const AT = new Date('2013-03-04T15:59:30.000Z');
const context: Context = { tenant: 'default', principal: 'tester', clock: fixedClock(NOW) };
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
});
afterAll(async () => {
  await test_.close();
  await yahoo.stop();
});
const ask = (ticker = 'AAPL', source = 'yahoo', options = {}) =>
  quote(test_.services, context, ticker, source, options);
const LIVE = { price: 425.25, at: AT.toISOString(), source: 'yahoo', stale: false, age_seconds: 30 };

test('gives the newest price with its age', async () => {
  expect(await ask()).toEqual(LIVE);
});

test('csv knows the newest close, stale when a later session has closed', async () => {
  expect(await ask('AAPL', 'csv')).toEqual({ ...LAST_KNOWN, stale: false });
  const later = { ...context, clock: fixedClock('2013-03-04T21:00:00.000Z') };
  expect(await quote(test_.services, later, 'AAPL', 'csv')).toMatchObject({ price: 430.47, stale: true });
});

test.each<Mood>([
  { kind: 'too-many-requests', retryAfter: 0 },
  { kind: 'failing' },
  { kind: 'reset' },
  { kind: 'truncated' },
  { kind: 'malformed' },
])('%o: the newest known close, stale and with its age; 503 when nothing is known; then live again', async (mood) => {
  yahoo.behave(mood);
  const stale = await ask();
  expect(stale).toMatchObject(LAST_KNOWN);
  expect(stale.problem).toMatch(/^yahoo does not answer: /);
  await expect(ask('IBM')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE', status: 503 });
  yahoo.behave({ kind: 'well' });
  await vi.waitUntil(async () => !(await ask()).stale, { timeout: 30_000 });
  expect(test_.services.prices.health()).toMatchObject([{ name: 'yahoo', breaker: 'closed' }]);
});

test('waits no longer than it should for a source that does not answer', async () => {
  yahoo.behave({ kind: 'silent' });
  const stale = await ask('AAPL', 'yahoo', { patienceMs: 50 });
  expect(stale).toMatchObject({ ...LAST_KNOWN, problem: expect.stringMatching(/no answer in time/) });
});

test('an unknown symbol falls back to what is known of it', async () => {
  yahoo.tickers.delete('AAPL');
  expect(await ask()).toMatchObject({ ...LAST_KNOWN, problem: expect.stringMatching(/yahoo has no prices of AAPL/) });
  await expect(ask('NOPE')).rejects.toMatchObject({ code: 'SOURCE_TICKER_UNKNOWN' });
});

test('does not believe a price that jumps without a split', async () => {
  yahoo.tickers.set('AAPL', { ...apple, quote: { price: 42.5, at: AT } });
  const refused = await ask();
  expect(refused).toMatchObject(LAST_KNOWN);
  expect(refused.problem).toMatch(/2013-03-04 is 42.5 after 430.47 on 2013-03-01.*STOCKCAST_PRICE_MAX_JUMP/);
});

test('learns of a split of this morning when a price jumps by it', async () => {
  const split = { ticker: 'AAPL', date: '2013-03-04', kind: 'split', value: 7 } as const;
  yahoo.tickers.set('AAPL', { ...apple, events: [...apple.events, split], quote: { price: 61.1, at: AT } });
  expect(await ask()).toMatchObject({ price: 61.1, stale: false });
});

test('stops when the caller does', async () => {
  yahoo.behave({ kind: 'silent' });
  const stop = new AbortController();
  const ended = expect(ask('AAPL', 'yahoo', { signal: stop.signal })).rejects.toThrow('enough');
  await vi.waitUntil(() => yahoo.requests.at(-1)?.includes('/v7/finance/quote'), { timeout: 20_000 });
  stop.abort(new Error('enough'));
  await ended;
});
