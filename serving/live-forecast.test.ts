import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Context, fixedClock } from '../domain/context.ts';
import { MemoryCache } from '../stores/cache/memory-cache.ts';
import { openStores } from '../stores/open-stores.ts';
import { sampleTicker } from '../tests/doubles/sample-ticker.ts';
import { type YahooDouble, startYahoo } from '../tests/doubles/yahoo.ts';
import { pricesFrom } from '../tests/support/live-prices.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { samplePrices, withFile } from '../tests/support/test-universe.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { ChangeWatch } from './change-watch.ts';
import { CachedForecasts, UnheldForecasts } from './forecasts.ts';
import { liveForecast } from './live-forecast.ts';
import { createServices } from './services.ts';
import { takeInPrices } from './take-in-prices.ts';

const apple = sampleTicker('AAPL');
const at = (time: string): Context => ({ tenant: 'default', principal: 'tester', clock: fixedClock(time) });
const BEFORE = at('2013-03-01T22:00:00.000Z');
const AFTER = at('2013-03-04T22:00:00.000Z');
const later = { date: '2013-03-04', open: 427.8, high: 428.2, low: 419, close: 420.05, volume: 20_812_700 };
const request = { ticker: 'AAPL', horizon: 1 };

let yahoo: YahooDouble;
let test_: TestServices;
beforeAll(async () => {
  const quote = { price: 421, at: new Date('2013-03-04T21:00:00.000Z') };
  yahoo = await startYahoo({ AAPL: { ...apple, bars: [...apple.bars, later], quote } });
  test_ = await openServices(pricesFrom(yahoo.url));
  await withFile(samplePrices(['AAPL'], 600), (pricesPath) =>
    takeInPrices(test_.services, BEFORE, { pricesPath, pricesName: 'a.csv', onBadRow: 'refuse', adjustSplits: false }),
  );
  await trainDirectly(test_.services, BEFORE, { ticker: 'AAPL', horizon: 1, kinds: ['naive'] });
});
afterAll(async () => {
  await test_.close();
  await yahoo.stop();
});

test('rests on the session that was just taken in, although the cache has not heard of it yet', async () => {
  const near = new MemoryCache();
  const watch = new ChangeWatch([near]);
  // From now on every change would be heard, and none is told: the held forecast counts as current.
  watch.hearing();
  const forecasts = new CachedForecasts(test_.services, { near }, watch);
  const held = await liveForecast(test_.services, forecasts, BEFORE, request);
  expect(held.given.value.originSession).toBe('2013-03-01');

  const live = await liveForecast(test_.services, forecasts, AFTER, { ...request, source: 'yahoo' });
  expect(live.given).toMatchObject({ verdict: 'miss', value: { originSession: '2013-03-04', currentPrice: 420.05 } });
  expect(live.quote).toMatchObject({ price: 421, source: 'yahoo', stale: false });
});

test('a long upload leaves forecasts what they know', async () => {
  const lock = new pg.Client(test_.databaseUrl);
  await lock.connect();
  const database = { url: test_.databaseUrl, poolSize: 2, statementTimeoutMs: 500 };
  const stores = openStores({ database, objectsDir: test_.objectsDir });
  try {
    await lock.query("select pg_advisory_lock(hashtextextended('bars/default', 0))");
    const impatient = createServices(stores, 'code-1', undefined, pricesFrom(yahoo.url));
    yahoo.tickers.set('AAPL', { ...apple, bars: [...apple.bars, later, { ...later, date: '2013-03-05' }] });
    const nextDay = at('2013-03-05T22:00:00.000Z');
    const held = { ...request, source: 'yahoo' };
    const { given } = await liveForecast(impatient, new UnheldForecasts(test_.services), nextDay, held);
    expect(given.value.originSession).toBe('2013-03-04');
    expect(given.value.notes.join()).toMatch(/The newest sessions are missing: The prices of another file/);
  } finally {
    await stores.close();
    await lock.end();
  }
});
