import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Context, fixedClock } from '../domain/context.ts';
import type { FetchedBar } from '../market/sources/price-source.ts';
import { startAlphaVantage } from '../tests/doubles/alpha-vantage.ts';
import { sampleTicker } from '../tests/doubles/sample-ticker.ts';
import { type YahooDouble, startYahoo } from '../tests/doubles/yahoo.ts';
import { pricesFrom } from '../tests/support/live-prices.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { samplePrices, withFile } from '../tests/support/test-universe.ts';
import { LivePrices } from './live-prices.ts';
import { type RefreshRequest, keepFresh, refreshPrices } from './refresh-prices.ts';
import { snapshotTicker } from './snapshots.ts';
import { takeInPrices } from './take-in-prices.ts';
import { vantageOf } from './vantages.ts';

const apple = sampleTicker('AAPL');
const MONDAY: FetchedBar = {
  date: '2013-03-04',
  open: 427.8,
  high: 428.2,
  low: 419,
  close: 420.05,
  volume: 20_812_500,
};
const TUESDAY: FetchedBar = {
  date: '2013-03-05',
  open: 421,
  high: 435.19,
  low: 420.75,
  close: 431.14,
  volume: 22_800_000,
};
const AFTER_TUESDAY = '2013-03-05T22:00:00.000Z';
const SPLIT = { ticker: 'AAPL', date: '2013-03-04', kind: 'split', value: 7 } as const;

let yahoo: YahooDouble;
let test_: TestServices;
let tenants = 0;
let context: Context;
beforeAll(async () => {
  yahoo = await startYahoo();
  test_ = await openServices(pricesFrom(yahoo.url));
});
beforeEach(() => {
  // A tenant of its own is a universe of its own.
  context = at(AFTER_TUESDAY, `t${tenants++}`);
  yahoo.behave({ kind: 'well' });
  yahoo.tickers.clear();
  tell([...apple.bars, MONDAY, TUESDAY]);
  yahoo.requests.length = 0;
});
afterAll(async () => {
  await test_.close();
  await yahoo.stop();
});

const at = (instant: string, tenant = context.tenant): Context => ({
  tenant,
  principal: 'tester',
  clock: fixedClock(instant),
});
const tell = (bars: readonly FetchedBar[], events = apple.events) => yahoo.tickers.set('AAPL', { bars, events });
const refresh = (request: Partial<RefreshRequest> = {}, when = context) =>
  refreshPrices(test_.services, when, { ticker: 'AAPL', source: 'yahoo', ...request });
const takeInSample = () =>
  withFile(samplePrices(['AAPL'], 100), (pricesPath) =>
    takeInPrices(test_.services, context, {
      pricesPath,
      pricesName: 'sample.csv',
      onBadRow: 'refuse',
      adjustSplits: false,
    }),
  );
const closes = async (n: number, when = context) => {
  const series = await test_.services.bars.series(when, 'AAPL', vantageOf(when), n);
  return (series?.dates ?? []).map((date, i) => [date, series!.close[i]]);
};

test('appends the closed sessions since the newest known one, and the manifest names the source', async () => {
  await takeInSample();
  const report = await refresh();
  expect(report).toMatchObject({
    last_session: '2013-03-05',
    taken: { file: 'yahoo', unchanged: 1, n_restated: 0, tickers: [{ ticker: 'AAPL', added: 2, rows: 3 }] },
  });
  expect(await closes(3)).toEqual([
    ['2013-03-01', 430.47],
    ['2013-03-04', 420.05],
    ['2013-03-05', 431.14],
  ]);
  const { manifest } = await snapshotTicker(test_.services, context, 'AAPL', vantageOf(context));
  expect(manifest).toMatchObject({ sector: 'Technology', lastSession: '2013-03-05' });
  expect(manifest.sources.map(({ source }) => source).sort()).toEqual(['sample.csv', 'yahoo']);
});

test('takes the whole history of a ticker that is not known, with its events', async () => {
  const report = await refresh();
  expect(report.taken?.tickers[0]).toMatchObject({ added: apple.bars.length + 2, first_session: apple.bars[0]!.date });
  expect(report.taken?.events_added).toBe(apple.events.filter(({ date }) => date >= apple.bars[0]!.date).length);
});

test('asks for nothing when every closed session is known', async () => {
  await refresh({ from: '2013-02-01' });
  yahoo.requests.length = 0;
  expect(await refresh()).toEqual({ ticker: 'AAPL', source: 'yahoo', last_session: '2013-03-05', taken: null });
  expect(await refresh({ source: 'csv' })).toMatchObject({ taken: null });
  expect(yahoo.requests).toEqual([]);
});

test.each(['2013-03-05T16:30:00.000Z', '2013-03-05T20:59:59.000Z'])(
  'a session that is still open at %s is no bar yet; when it has closed, it is one',
  async (open) => {
    await refresh({ from: '2013-02-01' }, at(open));
    expect(await closes(1)).toEqual([['2013-03-04', 420.05]]);
    await refresh();
    expect(await closes(1)).toEqual([['2013-03-05', 431.14]]);
  },
);

test('a session that closes early counts as open until 16:00, too', async () => {
  await refresh({ from: '2012-11-01' }, at('2012-11-23T20:30:00.000Z'));
  expect(await closes(1)).toMatchObject([['2012-11-21', expect.any(Number)]]);
  await refresh({}, at('2012-11-23T21:00:00.000Z'));
  expect(await closes(1)).toMatchObject([['2012-11-23', expect.any(Number)]]);
});

test('a newest close that was corrected since is kept as a restatement', async () => {
  await refresh({ from: '2013-02-01' }, at('2013-03-04T22:00:00.000Z'));
  tell([...apple.bars, { ...MONDAY, close: 420.1 }, TUESDAY]);
  const { taken } = await refresh();
  expect(taken).toMatchObject({ n_restated: 1, restated: [{ ticker: 'AAPL', date: '2013-03-04' }] });
});

test('a split in the window is taken in beside prices as traded', async () => {
  await takeInSample();
  const scaled = (bar: FetchedBar): FetchedBar => ({
    date: bar.date,
    open: bar.open! / 7,
    high: bar.high! / 7,
    low: bar.low! / 7,
    close: bar.close! / 7,
    volume: bar.volume! * 7,
  });
  tell([...apple.bars, scaled(MONDAY), scaled(TUESDAY)], [...apple.events, SPLIT]);
  const { taken } = await refresh();
  expect(taken).toMatchObject({ n_restated: 0, unchanged: 1, events_added: 1 });
  expect(await closes(3)).toEqual([
    ['2013-03-01', 430.47],
    ['2013-03-04', 60.0071],
    ['2013-03-05', 61.5914],
  ]);
  // The same jump without the event is refused, and nothing is stored.
  const other = at(AFTER_TUESDAY, 'without-event');
  context = other;
  await takeInSample();
  tell([...apple.bars, scaled(MONDAY), scaled(TUESDAY)]);
  const error = await refresh().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'PRICES_REFUSED', status: 502 });
  expect((error as Error).message).toMatch(/2013-03-04 looks like a 7:1 split.*61\.1143.*430\.47.*--adjust-splits/);
  expect(await closes(1)).toEqual([['2013-03-01', 430.47]]);
  expect((await refresh({ adjustSplits: true })).taken).toMatchObject({ events_added: 1 });
});

test('a jump that no split explains is refused, naming ticker, session, values and what to do', async () => {
  await takeInSample();
  const wild = { ...MONDAY, high: 1900, close: 1888 };
  tell([...apple.bars, wild]);
  const error = await refresh().catch((thrown: unknown) => thrown);
  expect((error as Error).message).toBe(
    'What yahoo says of AAPL was refused and nothing was stored: the close of 2013-03-04 is 1888 after 430.47 on 2013-03-01, 4.39 times as much, and no split explains it. Upload the missing split as an event, or a file with the right prices; if they are right, raise STOCKCAST_PRICE_MAX_JUMP (3).',
  );
  expect(await closes(1)).toEqual([['2013-03-01', 430.47]]);
});

test('a history on another scale than what is known is refused', async () => {
  await takeInSample();
  tell(
    apple.bars.map((bar) => ({
      ...bar,
      open: bar.open! / 10,
      high: bar.high! / 10,
      low: bar.low! / 10,
      close: bar.close! / 10,
    })),
  );
  await expect(refresh()).rejects.toThrow(/the close of 2013-03-01 is 43.047, but 430.47 is known of it/);
});

test.each([
  ['a negative price', { ...MONDAY, low: -1 }, /low of 2013-03-04 "-1": a price must be above zero/],
  ['a zero', { ...MONDAY, open: 0 }, /open of 2013-03-04 "0": a price must be above zero/],
  ['a missing close', { ...MONDAY, close: null }, /close of 2013-03-04 "null": not a number/],
  ['a close above the high', { ...MONDAY, close: 450 }, /close of 2013-03-04 "450": the close lies outside/],
  [
    'a day without a session',
    { ...MONDAY, date: '2013-03-02' },
    /"2013-03-02": the New York Stock Exchange was closed/,
  ],
])('%s refuses the whole, or goes alone when rows may be skipped', async (_name, bad, message) => {
  await takeInSample();
  tell([...apple.bars, bad, TUESDAY]);
  const error = await refresh().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'PRICES_REFUSED' });
  expect((error as Error).message).toMatch(message);
  expect(await closes(1)).toEqual([['2013-03-01', 430.47]]);
  const { taken } = await refresh({ onBadRow: 'skip' });
  expect(taken).toMatchObject({ rejected_rows: 1, rejected: [{ file: 'yahoo' }] });
  expect(await closes(1)).toEqual([['2013-03-05', 431.14]]);
});

test('nothing to be had: known tickers stay as they are, unknown ones are said to be so', async () => {
  tell([]);
  await expect(refresh()).rejects.toMatchObject({ code: 'SOURCE_TICKER_UNKNOWN' });
  await expect(refresh({ ticker: 'NOPE' })).rejects.toMatchObject({ code: 'SOURCE_TICKER_UNKNOWN' });
  await takeInSample();
  expect(await refresh()).toMatchObject({ last_session: '2013-03-01', taken: { accepted_rows: 0 } });
});

test('says what is wrong with a request', async () => {
  await expect(refresh({ source: 'bloomberg' })).rejects.toThrow(
    'There is no price source "bloomberg". Known: csv, yahoo, alpha-vantage (needs STOCKCAST_ALPHA_VANTAGE_KEY).',
  );
  await expect(refresh({ source: 'alpha-vantage' })).rejects.toMatchObject({ code: 'SOURCE_UNKNOWN' });
  await expect(refresh({ from: '2013-03-09' })).rejects.toMatchObject({ code: 'DATE_INVALID' });
});

test('another source goes the same way', async () => {
  const provider = await startAlphaVantage({ AAPL: { bars: [...apple.bars, MONDAY, TUESDAY], events: apple.events } });
  try {
    const settings = pricesFrom(yahoo.url, { alphaVantageUrl: provider.url, alphaVantageKey: 'SECRET' });
    const services = { ...test_.services, prices: new LivePrices(settings) };
    await takeInSample();
    const report = await refreshPrices(services, context, { ticker: 'AAPL', source: 'alpha-vantage' });
    expect(report).toMatchObject({ last_session: '2013-03-05', taken: { file: 'alpha-vantage', unchanged: 1 } });
  } finally {
    await provider.stop();
  }
});

test('many who want the newest sessions share one fetch', async () => {
  await takeInSample();
  await Promise.all(Array.from({ length: 20 }, () => keepFresh(test_.services, context, 'AAPL', 'yahoo')));
  expect(yahoo.requests.filter((path) => path.includes('/chart/'))).toHaveLength(1);
  expect(await closes(1)).toEqual([['2013-03-05', 431.14]]);
});

test('a source that has not got the newest session yet is not asked again at once', async () => {
  await takeInSample();
  tell(apple.bars);
  for (let i = 0; i < 3; i++) await keepFresh(test_.services, context, 'AAPL', 'yahoo');
  expect(yahoo.requests.filter((path) => path.includes('/chart/'))).toHaveLength(1);
});

test('what is refused, or not known there, is not fetched again at once', async () => {
  await takeInSample();
  tell([...apple.bars, { ...MONDAY, low: -1 }]);
  const fresh = (ticker: string) => keepFresh(test_.services, context, ticker, 'yahoo');
  for (let i = 0; i < 3; i++) {
    await expect(fresh('AAPL')).rejects.toMatchObject({ code: 'PRICES_REFUSED' });
    await expect(fresh('NOPE')).rejects.toMatchObject({ code: 'SOURCE_TICKER_UNKNOWN' });
  }
  expect(yahoo.requests.filter((path) => path.includes('/chart/'))).toHaveLength(2);
});
