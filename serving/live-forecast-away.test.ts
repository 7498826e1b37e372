import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Context, fixedClock } from '../domain/context.ts';
import { freePort } from '../infra/free-port.ts';
import { type RunningPostgres, startPostgres } from '../infra/postgres/embedded-postgres.ts';
import { removePostgres } from '../infra/postgres/postgres-home.ts';
import { MemoryCache } from '../stores/cache/memory-cache.ts';
import { openStores } from '../stores/open-stores.ts';
import { sampleTicker } from '../tests/doubles/sample-ticker.ts';
import { type YahooDouble, startYahoo } from '../tests/doubles/yahoo.ts';
import { pricesFrom } from '../tests/support/live-prices.ts';
import { samplePrices, withFile } from '../tests/support/test-universe.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { CachedQuotes } from './cached-quotes.ts';
import { ChangeWatch } from './change-watch.ts';
import { CachedForecasts } from './forecasts.ts';
import { liveForecast } from './live-forecast.ts';
import { type Services, createServices } from './services.ts';
import { takeInPrices } from './take-in-prices.ts';

// A PostgreSQL of its own, which is frozen and then killed. Statements may take far longer than a test: an answer that
// waits for one never comes.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 });
const STATEMENT_MS = 3_600_000;
const apple = sampleTicker('AAPL');
const at = (time: string): Context => ({ tenant: 'default', principal: 'tester', clock: fixedClock(time) });
const CLOSED = at('2013-03-04T15:00:00.000Z');
const NEXT_DUE = at('2013-03-04T22:00:00.000Z');
const quoteAt = new Date('2013-03-04T14:59:30.000Z');
const request = { ticker: 'AAPL', horizon: 1, source: 'yahoo' };
const stateDir = mkdtempSync(join(tmpdir(), 'stockcast-away-'));

let yahoo: YahooDouble;
let postgres: RunningPostgres;
let stores: ReturnType<typeof openStores>;
let services: Services;
const near = new MemoryCache();
const watch = new ChangeWatch([near]);
let forecasts: CachedForecasts;
let stopped: number[] = [];

beforeAll(async () => {
  yahoo = await startYahoo({ AAPL: { ...apple, quote: { price: 425, at: quoteAt } } });
  postgres = await startPostgres({ stateDir, port: await freePort(0), settings: { fsync: 'off' } });
  const database = { url: postgres.url, poolSize: 5, statementTimeoutMs: STATEMENT_MS, connectTimeoutMs: STATEMENT_MS };
  stores = openStores({ database, objectsDir: join(stateDir, 'objects') });
  services = createServices(stores, 'code-1', undefined, pricesFrom(yahoo.url, { patienceMs: 5000 }));
  await withFile(samplePrices(['AAPL'], 600), (pricesPath) =>
    takeInPrices(services, CLOSED, { pricesPath, pricesName: 'a.csv', onBadRow: 'refuse', adjustSplits: false }),
  );
  await trainDirectly(services, CLOSED, { ticker: 'AAPL', horizon: 1, kinds: ['naive'] });
  watch.hearing();
  forecasts = new CachedForecasts(services, { near }, watch);
  await forecasts.get(CLOSED, request);
  const client = new pg.Client(postgres.url);
  await client.connect();
  const { rows } = await client.query('select pid from pg_stat_activity where pid <> pg_backend_pid()');
  await client.end();
  stopped = [postgres.pid, ...(rows as { pid: number }[]).map(({ pid }) => pid)];
  for (const pid of stopped) process.kill(pid, 'SIGSTOP');
});
afterAll(async () => {
  kill();
  await stores?.close();
  await removePostgres(stateDir);
  rmSync(stateDir, { recursive: true, force: true });
  await yahoo?.stop();
});
function kill(): void {
  for (const pid of stopped) process.kill(pid, 'SIGKILL');
  stopped = [];
}
const freshQuotes = () => new CachedQuotes(services.quotes, { near: new MemoryCache() }, 300_000);
const ask = (context: Context, quotes = freshQuotes()) =>
  liveForecast({ ...services, quotes }, forecasts, context, request);
const LIVE = { price: 425, source: 'yahoo', stale: false };

test('frozen: what is held is given as ever, with a live quote', async () => {
  const quotes = freshQuotes();
  for (const quoteVerdict of ['miss', 'hit']) {
    expect(await ask(CLOSED, quotes)).toMatchObject({ given: { verdict: 'hit' }, quote: LIVE, quoteVerdict });
  }
});

test('frozen: a session that can not be taken in is waited for only as long as settings say', async () => {
  const { given } = await ask(NEXT_DUE);
  expect(given.value.notes.join()).toMatch(/The newest sessions are missing: .*no answer in time/);
});

test('frozen: a price that would have to be looked at more closely gives way to the known close', async () => {
  yahoo.tickers.set('AAPL', { ...apple, quote: { price: 42.5, at: quoteAt } });
  const { quote } = await ask(CLOSED);
  expect(quote).toMatchObject({
    price: 430.47,
    source: 'csv',
    stale: true,
    problem: expect.stringMatching(/no answer in time/),
  });
  yahoo.tickers.set('AAPL', { ...apple, quote: { price: 425, at: quoteAt } });
});

test('frozen, and changes may be missed: the last known forecast, as of csv', async () => {
  await near.forgetAll();
  for (const context of [CLOSED, NEXT_DUE]) {
    expect(await ask(context)).toMatchObject({ given: { verdict: 'stale' }, quote: LIVE });
  }
});

test('killed: the same, and what can not be told leaves what is known', async () => {
  kill();
  for (const context of [CLOSED, NEXT_DUE]) {
    expect(await ask(context)).toMatchObject({ given: { verdict: 'stale' }, quote: LIVE });
  }
  await expect(services.bars.tickers(CLOSED)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  yahoo.tickers.set('AAPL', { ...apple, quote: { price: 42.5, at: quoteAt } });
  const { quote } = await ask(CLOSED);
  expect(quote).toMatchObject({ price: 430.47, source: 'csv', stale: true });
  expect(quote?.problem).toContain('The database does not answer');
});
