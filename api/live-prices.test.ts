import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { latestClosedSession } from '../domain/calendar.ts';
import { DEFAULT_PARKING } from '../domain/parking.ts';
import { MemoryCache } from '../stores/cache/memory-cache.ts';
import type { Mood } from '../tests/doubles/provider.ts';
import { sampleTicker } from '../tests/doubles/sample-ticker.ts';
import { type YahooDouble, startYahoo } from '../tests/doubles/yahoo.ts';
import { ask, expectProblem } from '../tests/support/answers.ts';
import { pricesFrom } from '../tests/support/live-prices.ts';
import { CachedQuotes } from '../serving/cached-quotes.ts';
import { createServices } from '../serving/services.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { trainEndpoints } from './routes/train.ts';
import { predictEndpoint } from './routes/predict.ts';

const apple = sampleTicker('AAPL');
const microsoft = sampleTicker('MSFT');
// The bundled prices lie years back: Yahoo goes on with one session, the newest that has closed.
const NEWEST = latestClosedSession(new Date());
const bar = { date: NEWEST, open: 440, high: 445, low: 438, close: 441.25, volume: 20_000_000 };
const quoteAt = new Date(Date.now() - 30_000);
const WISH = 'horizons=1&kinds=linear&seed=7';

let yahoo: YahooDouble;
let pipeline: TestPipeline;
let api: RunningApi;
beforeAll(async () => {
  yahoo = await startYahoo({
    AAPL: { ...apple, bars: [...apple.bars, bar], quote: { price: 442.5, at: quoteAt } },
    MSFT: microsoft,
  });
  pipeline = await startPipeline({ prices: pricesFrom(yahoo.url) });
  await takeInTestUniverse(pipeline.services, pipeline.context);
  // The double knows nothing of the years between, which would have a training parked.
  api = await startApi({ ...pipeline, settings: { parking: { ...DEFAULT_PARKING, onBadData: 'ignore' } } });
});
beforeEach(() => yahoo.behave({ kind: 'well' }));
afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
  await yahoo?.stop();
});
const get = (path: string, init?: RequestInit) => ask(`${api.url}${path}`, init);
const trained = async (body: { run_id: string }) => {
  const run = await pipeline.ended(body.run_id);
  expect(run.status).toBe('completed');
  return run.result as { readonly asOf: string; readonly datasetId: string };
};

test('training by a source that is down rests on what is known, and says so', async () => {
  yahoo.behave({ kind: 'failing' });
  const { status, body } = await get(`/train/AAPL?${WISH}&source=yahoo`, { method: 'POST' });
  expect(status).toBe(202);
  expect(trainEndpoints[0]!.answer.schema.parse(body)).toEqual(body);
  expect(body.prices).toMatchObject([{ ticker: 'AAPL', source: 'yahoo', last_session: '2013-03-01', stale: true }]);
  expect(body.prices[0].problem).toContain('502');
  expect(body.run_id).toContain('/2013-03-01/');
  expect((await trained(body)).asOf).toBe('2013-03-01');
});

test('what is wrong with a training is said before its source is asked; on an earlier day nothing is asked', async () => {
  yahoo.requests.length = 0;
  const wrong = await get('/train/AAPL?kinds=oracle&source=yahoo', { method: 'POST' });
  expectProblem(wrong, 'MODEL_KIND_UNKNOWN');
  const earlier = await get(`/train/AAPL?${WISH}&source=yahoo&as_of=2012-12-31`, { method: 'POST' });
  expect(earlier.status).toBe(202);
  await trained(earlier.body);
  expect(yahoo.requests).toEqual([]);
});

test('csv gives the forecast alone, from what is known', async () => {
  yahoo.requests.length = 0;
  for (const path of ['/predict/AAPL?horizon=1', '/predict/AAPL?horizon=1&source=csv']) {
    const { body } = await get(path);
    expect(body).toMatchObject({ as_of: '2013-03-01', current_price: 430.47 });
    expect(body).not.toHaveProperty('quote');
  }
  expect(yahoo.requests).toEqual([]);
});

const BAD_MOODS: readonly Mood[] = [
  { kind: 'too-many-requests', retryAfter: 0 },
  { kind: 'failing' },
  { kind: 'reset' },
  { kind: 'truncated' },
  { kind: 'malformed' },
];
test.each(BAD_MOODS)(
  '%o: forecasts go on from what is known, with a stale quote; an unknown ticker gets 503',
  async (mood) => {
    yahoo.behave(mood);
    const { status, body } = await get('/predict/AAPL?horizon=1&source=yahoo');
    expect(status).toBe(200);
    expect(predictEndpoint.answer.schema.parse(body)).toEqual(body);
    expect(body).toMatchObject({ as_of: '2013-03-01', current_price: 430.47 });
    expect(body.quote).toMatchObject({ price: 430.47, at: '2013-03-01T21:00:00.000Z', source: 'csv', stale: true });
    expect(body.quote.age_seconds).toBeGreaterThan(86_400);
    expect(body.notes.join()).toMatch(/The newest sessions are missing: yahoo does not answer/);
    const unknown = await get('/predict/IBM?source=yahoo');
    expectProblem(unknown, 'SOURCE_UNAVAILABLE');
    expect(Number(unknown.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    // Let the breaker find out that the source is back, by a question that changes nothing.
    yahoo.behave({ kind: 'well' });
    await vi.waitUntil(async () => (await get('/predict/NOPE?source=yahoo')).status === 404, { timeout: 30_000 });
  },
);

test('a live source brings the newest closed session and a quote', async () => {
  const { status, body } = await get('/predict/AAPL?horizon=1&source=yahoo');
  expect(status).toBe(200);
  expect(predictEndpoint.answer.schema.parse(body)).toEqual(body);
  expect(body).toMatchObject({ as_of: NEWEST, current_price: 441.25 });
  expect(body.quote).toMatchObject({ price: 442.5, source: 'yahoo', stale: false });
  expect(body.quote.age_seconds).toBeGreaterThanOrEqual(30);
  expect(body.notes.join()).not.toMatch(/missing|upload later prices/);
});

test('the log says how the quote was come by', async () => {
  const quotes = new CachedQuotes(pipeline.services.quotes, { near: new MemoryCache() }, 300_000);
  const holding = await startApi({ ...pipeline, services: { ...pipeline.services, quotes } });
  try {
    for (let i = 0; i < 2; i++) await ask(`${holding.url}/predict/AAPL?horizon=1&source=yahoo`);
    const said = () => holding.lines.flatMap(({ quote_cache: verdict }) => (verdict === undefined ? [] : [verdict]));
    await vi.waitFor(() => expect(said()).toEqual(['miss', 'hit']), { timeout: 20_000 });
  } finally {
    await holding.stop();
  }
});

test('several tickers are answered each for itself', async () => {
  const { body } = await get('/batch-predict', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ tickers: ['AAPL', 'NOPE'], horizon: 1, source: 'yahoo' }),
  });
  expect(body).toMatchObject({
    results: [
      { ticker: 'AAPL', result: { quote: { price: 442.5 } } },
      { ticker: 'NOPE', error: { code: 'SOURCE_TICKER_UNKNOWN' } },
    ],
  });
});

test('training by a live source is planned on what that brought, and joined when nothing is new', async () => {
  const first = await get(`/train/AAPL?${WISH}&source=yahoo`, { method: 'POST' });
  expect(first.body).toMatchObject({ joined: false });
  expect(first.body.run_id).toContain(`/${NEWEST}/`);
  const { asOf } = await trained(first.body);
  expect(asOf).toBe(NEWEST);
  const again = await get('/train/AAPL', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ horizons: [1], kinds: ['linear'], seed: 7, source: 'yahoo' }),
  });
  expect(again.body).toMatchObject({ run_id: first.body.run_id, joined: true });
});

test('a universe asks for all its tickers', async () => {
  const { status, body } = await get(`/train?${WISH}&source=yahoo`, { method: 'POST' });
  expect(status).toBe(202);
  expect(body.prices).toEqual([
    { ticker: 'AAPL', source: 'yahoo', last_session: NEWEST, stale: false },
    { ticker: 'MSFT', source: 'yahoo', last_session: '2013-03-01', stale: false },
  ]);
  await pipeline.ended(body.run_id);
});

test('a source that takes requests and never answers holds nobody up', async () => {
  const settings = pricesFrom(yahoo.url, { patienceMs: 200, timeoutMs: 2000, retries: 0 });
  const services = createServices(pipeline.services, pipeline.services.codeVersion, undefined, settings);
  const impatient = await startApi({ ...pipeline, services });
  try {
    yahoo.behave({ kind: 'silent' });
    const { status, body } = await ask(`${impatient.url}/predict/MSFT?horizon=1&source=yahoo`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ as_of: '2013-03-01', quote: { source: 'csv', stale: true } });
    expect(body.notes.join()).toMatch(/The newest sessions are missing: yahoo does not answer: no answer in time/);
  } finally {
    yahoo.behave({ kind: 'well' });
    await impatient.stop();
  }
});

test('an unknown source, and prices that cannot stand for an unknown ticker, are said to be so', async () => {
  expectProblem(await get('/predict/AAPL?source=bloomberg'), 'SOURCE_UNKNOWN');
  expectProblem(await get('/train/AAPL?source=bloomberg', { method: 'POST' }), 'SOURCE_UNKNOWN');
  yahoo.tickers.set('BAD', { bars: [bar, { ...bar, date: '2013-03-02' }].reverse() });
  const problem = expectProblem(await get('/train/BAD?source=yahoo', { method: 'POST' }), 'PRICES_REFUSED');
  expect(problem.detail).toContain('2013-03-02');
});

test('the health of the sources can be read', () => {
  expect(pipeline.services.prices.health()).toMatchObject([
    { name: 'yahoo', breaker: 'closed', counts: { calls: expect.any(Number), failedCalls: expect.any(Number) } },
  ]);
});
