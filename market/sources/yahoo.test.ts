import { afterAll, beforeEach, beforeAll, expect, test, vi } from 'vitest';
import { StockcastError } from '../../domain/errors.ts';
import { sampleTicker } from '../../tests/doubles/sample-ticker.ts';
import { type YahooDouble, startYahoo } from '../../tests/doubles/yahoo.ts';
import { type PriceSource, SourceFailure } from './price-source.ts';
import { yahooSource } from './yahoo.ts';

const never = new AbortController().signal;
const apple = sampleTicker('AAPL');
// What has happened since the bundled prices end, by which Yahoo adjusts them today.
const later = [
  { ticker: 'AAPL', date: '2014-06-09', kind: 'split', value: 7 },
  { ticker: 'AAPL', date: '2020-08-31', kind: 'split', value: 4 },
] as const;

let yahoo: YahooDouble;
let source: PriceSource;
beforeAll(async () => {
  yahoo = await startYahoo();
  source = yahooSource(yahoo.url);
});
beforeEach(() => {
  yahoo.behave({ kind: 'well' });
  yahoo.tickers.clear();
  yahoo.tickers.set('AAPL', { ...apple, events: [...apple.events, ...later] });
  yahoo.requests.length = 0;
});
afterAll(() => yahoo.stop());

test('gives prices, volumes and dividends as they were traded, whatever was split since', async () => {
  const from = '2000-01-03';
  const { bars, events } = await source.history('AAPL', from, '2013-03-01', never);
  const traded = apple.bars.filter(({ date }) => date >= from);
  expect(bars.map(({ date }) => date)).toEqual(traded.map(({ date }) => date));
  for (const [i, bar] of bars.entries()) {
    for (const column of ['open', 'high', 'low', 'close'] as const) {
      expect(Math.abs(bar[column]! / traded[i]![column]! - 1)).toBeLessThan(1e-5);
    }
    expect(Math.abs(bar.volume! - traded[i]!.volume!)).toBeLessThanOrEqual(1);
  }
  const told = events.filter(({ date }) => date <= '2013-03-01');
  const sorted = (list: readonly { date: string; kind: string; value: number }[]) =>
    list.map(({ date, kind, value }) => `${date} ${kind} ${Number(value.toPrecision(4))}`).sort();
  expect(sorted(told)).toEqual(sorted(apple.events.filter(({ date }) => date >= from)));
  // Recent prices come back to the cent.
  expect(bars.at(-1)).toEqual(apple.bars.at(-1));
});

test('leaves out rows without any price and says how many; keeps those that lack some', async () => {
  const [empty, partial] = [
    { date: '2013-03-04', open: null, high: null, low: null, close: null, volume: null },
    { date: '2013-03-05', open: 421, high: 435.19, low: 420.75, close: null, volume: 22_800_000 },
  ];
  yahoo.tickers.set('AAPL', { bars: [...apple.bars, empty, partial] });
  const { bars, notices } = await source.history('AAPL', '2013-03-01', '2013-03-05', never);
  expect(bars.map(({ date, close }) => [date, close])).toEqual([
    ['2013-03-01', 430.47],
    ['2013-03-05', null],
  ]);
  expect(notices).toEqual(['1 row of yahoo without any price left out']);
});

test('takes two rows of one session for one', async () => {
  const rest = { date: '2013-03-04', open: 427.8, high: 428.2, low: 419, close: 420.05, volume: 20_000_000 };
  const trade = { date: '2013-03-04', open: 420, high: 420, low: 420, close: 420, volume: 0 };
  yahoo.tickers.set('AAPL', { bars: [...apple.bars, rest, trade] });
  const { bars } = await source.history('AAPL', '2013-03-04', '2013-03-04', never);
  expect(bars).toEqual([{ ...rest, close: 420 }]);
});

test('an empty history is one', async () => {
  expect(await source.history('AAPL', '2024-01-02', '2024-01-05', never)).toMatchObject({ bars: [] });
});

test('an unknown symbol and another currency are no failures of the source', async () => {
  yahoo.tickers.set('SAP.DE', { bars: apple.bars, currency: 'EUR' });
  yahoo.tickers.set('SAP-DE', { bars: apple.bars, currency: 'EUR' });
  const unknown = { code: 'SOURCE_TICKER_UNKNOWN' };
  await expect(source.history('NOPE', '2013-01-02', '2013-03-01', never)).rejects.toMatchObject(unknown);
  await expect(source.quote('NOPE', never)).rejects.toMatchObject(unknown);
  await expect(source.history('SAP.DE', '2013-01-02', '2013-03-01', never)).rejects.toMatchObject(unknown);
  await expect(source.quote('SAP.DE', never)).rejects.toThrow(/EUR, not in USD/);
});

test('half of an answer about an unknown symbol says nothing of the symbol', async () => {
  yahoo.behave({ kind: 'malformed' });
  await expect(source.history('NOPE', '2013-01-02', '2013-03-01', never)).rejects.toMatchObject({
    name: 'SourceFailure',
  });
});

test('fetches cookie and crumb once, and anew when Yahoo no longer takes the crumb', async () => {
  const at = new Date('2013-03-01T18:00:00.000Z');
  yahoo.tickers.set('AAPL', { ...apple, quote: { price: 431.5, at } });
  expect(await source.quote('AAPL', never)).toEqual({ price: 431.5, at: at.toISOString() });
  expect(await source.quote('AAPL', never)).toEqual({ price: 431.5, at: at.toISOString() });
  const crumbs = () => yahoo.requests.filter((path) => path.includes('getcrumb')).length;
  const before = crumbs();
  expect(before).toBeLessThanOrEqual(1);
  yahoo.forgetCrumb();
  await expect(source.quote('AAPL', never)).rejects.toBeInstanceOf(SourceFailure);
  expect(await source.quote('AAPL', never)).toMatchObject({ price: 431.5 });
  expect(crumbs()).toBe(before + 1);
});

test.each([
  [{ kind: 'too-many-requests', retryAfter: 7 }, /429/],
  [{ kind: 'failing', status: 503 }, /503/],
  [{ kind: 'reset' }, /no whole answer/],
  [{ kind: 'truncated' }, /no whole answer/],
  [{ kind: 'malformed' }, /cannot be read|can be read/],
] as const)('%o is a failure that may pass, and says nothing on the console', async (mood, message) => {
  const said = (['log', 'info', 'warn', 'error', 'debug', 'dir'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation(() => undefined),
  );
  yahoo.behave(mood);
  const failed = await source.history('AAPL', '2013-01-02', '2013-03-01', never).catch((error: unknown) => error);
  const failedQuote = await source.quote('AAPL', never).catch((error: unknown) => error);
  for (const error of [failed, failedQuote]) {
    expect(error).toBeInstanceOf(SourceFailure);
    expect(error).not.toBeInstanceOf(StockcastError);
    expect((error as Error).message).toMatch(message);
  }
  if (mood.kind === 'too-many-requests') expect((failed as SourceFailure).retryAfterMs).toBe(7000);
  for (const spy of said) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
});

test('stops when the caller does', async () => {
  yahoo.behave({ kind: 'silent' });
  const stop = new AbortController();
  const asking = source.history('AAPL', '2013-01-02', '2013-03-01', stop.signal);
  const ended = expect(asking).rejects.toMatchObject({ message: 'enough' });
  await vi.waitUntil(() => yahoo.requests.length === 1, { timeout: 20_000 });
  stop.abort(new Error('enough'));
  await ended;
});

test('keeps its connection, also after answers that failed', async () => {
  await source.history('AAPL', '2013-01-02', '2013-03-01', never);
  const before = yahoo.connections;
  for (let i = 0; i < 5; i++) {
    yahoo.behave({ kind: 'failing' }, 1);
    await source.history('AAPL', '2013-01-02', '2013-03-01', never).catch(() => undefined);
    await source.history('AAPL', '2013-01-02', '2013-03-01', never);
  }
  // A kept connection that rested too long on a busy machine may have been closed and opened again.
  expect(yahoo.connections - before).toBeLessThanOrEqual(2);
});
