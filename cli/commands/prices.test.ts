import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { latestClosedSession } from '../../domain/calendar.ts';
import { sampleTicker } from '../../tests/doubles/sample-ticker.ts';
import { type YahooDouble, startYahoo } from '../../tests/doubles/yahoo.ts';
import { commandLine } from '../../tests/support/command-line.ts';
import { type TestDatabase, freshDatabase } from '../../tests/support/postgres.ts';
import { freshNamespace } from '../../tests/support/temporal.ts';
import { samplePrices } from '../../tests/support/test-universe.ts';

const apple = sampleTicker('AAPL');
const NEWEST = latestClosedSession(new Date());
const bar = { date: NEWEST, open: 440, high: 445, low: 438, close: 441.25, volume: 20_000_000 };

let database: TestDatabase;
let temporal: { address: string; namespace: string };
let yahoo: YahooDouble;
let dir: string;
beforeAll(async () => {
  [database, temporal, yahoo] = await Promise.all([freshDatabase(), freshNamespace(), startYahoo()]);
  dir = mkdtempSync(join(tmpdir(), 'stockcast-prices-'));
  writeFileSync(join(dir, 'prices.csv'), samplePrices(['AAPL'], 300));
  await stockcast('upload', join(dir, 'prices.csv'));
});
beforeEach(() => {
  yahoo.behave({ kind: 'well' });
  yahoo.tickers.set('AAPL', { ...apple, bars: [...apple.bars, bar] });
});
afterAll(async () => {
  await yahoo.stop();
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

const stockcast = (...args: string[]) =>
  commandLine(args, {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    STOCKCAST_STATE_DIR: dir,
    STOCKCAST_YAHOO_URL: yahoo.url,
    STOCKCAST_PRICE_TIMEOUT_MS: '30000',
    STOCKCAST_PRICE_PATIENCE_MS: '60000',
    STOCKCAST_PRICE_BACKOFF_MS: '1',
    STOCKCAST_PRICE_RETRIES: '1',
    STOCKCAST_PRICE_RATE: '1000',
  });

test('a source that is down is said to be so, and nothing is stored', async () => {
  yahoo.behave({ kind: 'failing' });
  const { code, stderr } = await stockcast('prices', 'fetch', 'AAPL', '--source', 'yahoo');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error SOURCE_UNAVAILABLE: yahoo does not answer: .*502/m);
});

test('train goes on with what is known when the source is down', async () => {
  yahoo.behave({ kind: 'failing' });
  const { code, stdout } = await stockcast('train', 'AAPL', '--source', 'yahoo', '--no-wait');
  expect(code).toBe(0);
  expect(stdout).toMatch(/AAPL: prices to 2013-03-01, perhaps not the newest: yahoo does not answer/);
});

test('prices fetch takes in what is new, ticker by ticker', async () => {
  const { code, stdout, stderr } = await stockcast('prices', 'fetch', 'AAPL', 'NOPE', '--source', 'yahoo', '--json');
  expect(code).toBe(1);
  expect(stderr).toMatch(/error SOURCE_TICKER_UNKNOWN: yahoo has no prices of NOPE/);
  expect(JSON.parse(stdout)).toMatchObject({
    results: [
      { ticker: 'AAPL', source: 'yahoo', last_session: NEWEST, taken: { unchanged: 1, tickers: [{ added: 1 }] } },
      { ticker: 'NOPE', error: { code: 'SOURCE_TICKER_UNKNOWN' } },
    ],
    n_results: 1,
    n_errors: 1,
  });
  const again = await stockcast('prices', 'fetch', 'AAPL', '--source', 'yahoo');
  expect(again).toMatchObject({ code: 0 });
  expect(again.stdout).toContain(`AAPL: all closed sessions are known, to ${NEWEST}; yahoo was not asked`);
});

test('train brings the newest sessions in before it starts', async () => {
  const { code, stdout, stderr } = await stockcast('train', 'AAPL', '--source', 'yahoo', '--no-wait', '--json');
  expect(code).toBe(0);
  expect(stderr).toContain(`AAPL: prices to ${NEWEST} by yahoo`);
  expect(JSON.parse(stdout).run_id).toContain(`/${NEWEST}/`);
});

test('a bad row refuses the history unless it may be skipped', async () => {
  const bad = { ...apple.bars.at(-2)!, close: 9999 };
  yahoo.tickers.set('AAPL', { ...apple, bars: [...apple.bars.slice(0, -2), bad, apple.bars.at(-1)!] });
  const fetch = ['prices', 'fetch', 'AAPL', '--source', 'yahoo', '--from', '2013-02-20'];
  const refused = await stockcast(...fetch);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/PRICES_REFUSED.*2013-02-28 "9999".*--skip-bad-rows/),
  });
  const taken = await stockcast(...fetch, '--skip-bad-rows');
  expect(taken).toMatchObject({ code: 0, stdout: expect.stringMatching(/1 rejected/) });
});

test('wrong use is said before anything is asked', async () => {
  expect(await stockcast('prices', 'fetch', 'AAPL')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--source'),
  });
  const { stderr } = await stockcast('prices', 'fetch', 'AAPL', '--source', 'bloomberg');
  expect(stderr).toMatch(/error SOURCE_UNKNOWN: .*Known: csv, yahoo, alpha-vantage/);
});
