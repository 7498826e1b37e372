import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { ask, expectProblem, json } from '../tests/support/answers.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { batchPredictEndpoint } from './routes/batch-predict.ts';
import { leaderboardEndpoint } from './routes/leaderboard.ts';
import { predictEndpoint } from './routes/predict.ts';
import { tickersEndpoint } from './routes/tickers.ts';

let pipeline: TestPipeline;
let api: RunningApi;

beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  await takeInTestUniverse(pipeline.services, pipeline.context);
  await trainDirectly(pipeline.services, pipeline.context, { ticker: 'AAPL', horizon: 10, kinds: ['naive', 'linear'] });
  api = await startApi(pipeline);
});

afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

const get = (path: string, init?: RequestInit) => ask(`${api.url}${path}`, init);

/** Checks that an answer has every field that OpenAPI promises, and none besides. */
function expectDocumented(endpoint: { readonly answer: { readonly schema: z.ZodType } }, body: unknown) {
  expect(endpoint.answer.schema.parse(body)).toEqual(body);
}

describe('GET /predict/:ticker', () => {
  test('answers by the promoted model for ten sessions, with exactly three fields in prediction', async () => {
    const { status, body } = await get('/predict/AAPL');
    expect(status).toBe(200);
    expectDocumented(predictEndpoint, body);
    const promoted = await pipeline.services.ledger.production(pipeline.context, 'AAPL', 10);
    expect(body).toMatchObject({
      ticker: 'AAPL',
      current_price: 430.47,
      horizon: 10,
      as_of: '2013-03-01',
      target_date: '2013-03-15',
      model_id: promoted?.modelId,
    });
    expect(Object.keys(body.prediction).sort()).toEqual(['confidence', 'direction', 'price_target']);
    expect(Object.keys(body).slice(0, 4)).toEqual(['ticker', 'current_price', 'prediction', 'timestamp']);
  });

  test('forgives lower case and gives the stored forecast again', async () => {
    const [first, second] = [
      await get('/predict/AAPL?model=linear'),
      await get('/predict/aapl?model=linear&horizon=10'),
    ];
    expect(first.body.model).toBe('linear');
    expect(first.body.prediction.direction).toMatch(/bullish|bearish|neutral/);
    expect(first.body.intervals.map(({ level }: { level: number }) => level)).toEqual([0.8, 0.95]);
    expect(first.body.intervals[0].low).toBeLessThan(first.body.prediction.price_target);
    expect(first.body.certificate_id).toMatch(/^[0-9a-f]{64}$/);
    expect({ ...second.body, timestamp: '' }).toEqual({ ...first.body, timestamp: '' });
  });

  test('has an ETag that stays while the forecast does, and answers 304 to who knows it', async () => {
    const first = await get('/predict/AAPL?model=linear');
    const etag = first.headers.get('etag')!;
    expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    expect(first.headers.get('x-cache')).toBe('miss');
    const known = await get('/predict/aapl?model=linear', { headers: { 'if-none-match': etag } });
    expect([known.status, known.body, known.headers.get('etag')]).toEqual([304, undefined, etag]);
    const other = await get('/predict/AAPL?model=naive', { headers: { 'if-none-match': etag } });
    expect(other.status).toBe(200);
    const head = await get('/predict/AAPL?model=linear', { method: 'HEAD' });
    expect([head.status, head.body]).toEqual([200, undefined]);
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(500);
    expect((await get('/tickers')).headers.get('cache-control')).toBe('no-store');
  });

  test('a ticker without a model gets 409 with how to train it', async () => {
    const problem = expectProblem(await get('/predict/MSFT'), 'MODEL_MISSING');
    expect(problem.detail).toContain('POST /train/MSFT');
  });

  test('a kind that is not trained gets 409 with those that are', async () => {
    const problem = expectProblem(await get('/predict/AAPL?model=random-forest'), 'MODEL_MISSING');
    expect(problem.trained).toEqual(['linear', 'naive']);
  });

  test('an unknown ticker gets 404 with what is known', async () => {
    const problem = expectProblem(await get('/predict/ZZZZ'), 'TICKER_UNKNOWN');
    expect(problem).toMatchObject({ known: ['AAPL', 'MSFT'], instance: '/predict/ZZZZ' });
  });

  test.each([
    ['/predict/a%20b', 'TICKER_INVALID', 'upper-case letters'],
    ['/predict/AAPL%2F..', 'TICKER_INVALID', 'upper-case letters'],
    ['/predict/AAPL?horizon=ten', 'HORIZON_INVALID', '1 to 63 sessions'],
    ['/predict/AAPL?horizon=0', 'HORIZON_INVALID', '1 to 63 sessions'],
    ['/predict/AAPL?horizon=1.5', 'HORIZON_INVALID', '1 to 63 sessions'],
    ['/predict/AAPL?horizon=1&horizon=2', 'HORIZON_INVALID', '1 to 63 sessions'],
    ['/predict/AAPL?model=oracle', 'MODEL_KIND_UNKNOWN', 'random-forest'],
    ['/predict/AAPL?horizen=1', 'REQUEST_INVALID', 'query.horizen: there is no such field; possible: horizon, model'],
    ['/predict/%E0', 'REQUEST_INVALID', 'Failed to decode'],
  ] as const)('%s gets 400 %s saying what was expected', async (path, code, expected) => {
    expect(expectProblem(await get(path), code).detail).toContain(expected);
  });
});

describe('POST /batch-predict', () => {
  const batch = (body: unknown) => get('/batch-predict', json(body));

  test('gives a result or a problem per ticker, each ticker once, in the order asked for', async () => {
    const { status, body } = await batch({ tickers: ['ZZZZ', 'aapl', 'AAPL', 'MSFT', 'a b'], model: 'linear' });
    expect(status).toBe(200);
    expectDocumented(batchPredictEndpoint, body);
    expect(body).toMatchObject({
      n_results: 1,
      n_errors: 3,
      results: [
        { ticker: 'ZZZZ', error: { code: 'TICKER_UNKNOWN', status: 404, instance: '/predict/ZZZZ' } },
        { ticker: 'AAPL', result: { ticker: 'AAPL', model: 'linear', horizon: 10 } },
        { ticker: 'MSFT', error: { code: 'MODEL_MISSING', status: 409 } },
        { ticker: 'a b', error: { code: 'TICKER_INVALID', status: 400 } },
      ],
    });
    const single = (await get('/predict/AAPL?model=linear')).body;
    expect({ ...body.results[1].result, timestamp: '' }).toEqual({ ...single, timestamp: '' });
  });

  test.each([
    [{}, 'REQUEST_INVALID', 'body.tickers: missing, expected array'],
    [{ tickers: [] }, 'REQUEST_INVALID', 'body.tickers: expected at least 1, none given'],
    [{ tickers: Array.from({ length: 1001 }, (_, i) => `T${i}`) }, 'REQUEST_INVALID', 'at most 1000'],
    [{ tickers: ['AAPL', 7] }, 'REQUEST_INVALID', 'body.tickers[1]: expected string, received number'],
    [{ tickers: ['AAPL'], horizons: [1] }, 'REQUEST_INVALID', 'body.horizons: there is no such field'],
    [['AAPL'], 'REQUEST_INVALID', 'body: expected object, received array'],
    [{ tickers: ['AAPL'], horizon: 64 }, 'HORIZON_INVALID', '1 to 63'],
    [{ tickers: ['AAPL'], model: 'oracle' }, 'MODEL_KIND_UNKNOWN', 'random-forest'],
  ] as const)('refuses %j whole', async (body, code, expected) => {
    expect(expectProblem(await batch(body), code).detail).toContain(expected);
  });

  test('names every field that is wrong', async () => {
    const problem = expectProblem(await batch({ tickers: 'AAPL', extra: 1 }), 'REQUEST_INVALID');
    expect(problem.errors).toMatchObject([{ field: 'body.tickers' }, { field: 'body.extra' }]);
  });

  test('refuses what is no JSON, says so for other content types, and limits the size', async () => {
    const post = (body: string, type: string) =>
      get('/batch-predict', { method: 'POST', body, headers: { 'content-type': type } });
    expect(expectProblem(await post('{"tickers":', 'application/json'), 'REQUEST_INVALID').detail).toContain(
      'not JSON',
    );
    expect(expectProblem(await post('a=1', 'text/plain'), 'MEDIA_TYPE_UNSUPPORTED').detail).toContain(
      'application/json',
    );
    expectProblem(await post('{}', 'application/json; charset=latin-7'), 'MEDIA_TYPE_UNSUPPORTED');
    const large = JSON.stringify({ tickers: ['A'.repeat(1024 * 1024)] });
    expectProblem(await post(large, 'application/json'), 'REQUEST_TOO_LARGE');
  });
});

describe('GET /leaderboard', () => {
  test('shows each model beside the baselines, best first, and what serves and why', async () => {
    const { status, body } = await get('/leaderboard');
    expect(status).toBe(200);
    expectDocumented(leaderboardEndpoint, body);
    const [entry, ...others] = body.leaderboard;
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ ticker: 'AAPL', horizon: 10 });
    expect(entry.reasons.length).toBeGreaterThan(0);
    const [best, worse] = entry.models;
    expect(best.rmse_ratio_to_naive).toBeLessThanOrEqual(worse.rmse_ratio_to_naive);
    const naive = entry.models.find(({ model }: { model: string }) => model === 'naive');
    const { evaluation, certificate } = (await pipeline.services.registry.find(pipeline.context, naive.model_id))!;
    const [narrow] = evaluation!.intervals;
    expect(naive).toMatchObject({
      certificate_id: certificate!.id,
      coverage80: narrow!.model.coverage,
      winkler_ratio80: narrow!.model.winkler / narrow!.constantWidth.winkler,
    });
    for (const { stage, promoted } of entry.models) expect(stage === 'production').toBe(promoted);
    expect(entry.models.find((model: { promoted: boolean }) => model.promoted).model).toBe(entry.promoted);
  });

  test('takes tickers and horizons as lists, and refuses unknown ones', async () => {
    expect((await get('/leaderboard?tickers=aapl,MSFT&horizons=1')).body).toEqual({ leaderboard: [] });
    expect((await get('/leaderboard?tickers=AAPL&tickers=MSFT&horizons=10,1')).body.leaderboard).toHaveLength(1);
    expectProblem(await get('/leaderboard?tickers=AAPL,ZZZZ'), 'TICKER_UNKNOWN');
    expectProblem(await get('/leaderboard?horizons=1,99'), 'HORIZON_INVALID');
    expectProblem(await get('/leaderboard?tickers=AAPL,'), 'TICKER_INVALID');
  });
});

test('GET /tickers lists what is known', async () => {
  const { body } = await get('/tickers');
  expectDocumented(tickersEndpoint, body);
  const summary = { sector: 'Technology', sessions: 600, first_session: '2010-10-12', last_session: '2013-03-01' };
  expect(body.tickers).toEqual([
    { ticker: 'AAPL', ...summary },
    { ticker: 'MSFT', ...summary },
  ]);
});

describe('every address', () => {
  test('the index links to addresses that answer', async () => {
    const { body } = await get('/');
    expect(body.name).toBe('stockcast');
    for (const link of Object.values(body.links as Record<string, string>)) {
      expect((await fetch(`${api.url}${link}`)).status, link).toBe(200);
    }
  });

  test('what is not there gets 404, other methods 405 with those that are possible', async () => {
    expectProblem(await get('/nothing/here'), 'ROUTE_UNKNOWN');
    const refused = await get('/predict/AAPL', { method: 'DELETE' });
    expectProblem(refused, 'METHOD_NOT_ALLOWED');
    expect(refused.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
    const options = await get('/batch-predict', { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST, OPTIONS']);
  });

  test('gives back a request id of the client, or one of its own, and does not tell what it runs on', async () => {
    const { headers } = await get('/tickers', { headers: { 'x-request-id': 'mine-1' } });
    expect(headers.get('x-request-id')).toBe('mine-1');
    expect(headers.get('x-powered-by')).toBeNull();
    const odd = await get('/tickers', { headers: { 'x-request-id': 'a b"c' } });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

test('an unforeseen failure answers 500 without its insides, which go to the log under the request id', async () => {
  const broken = { ...pipeline.services, bars: { tickers: () => Promise.reject(new Error('secret inside')) } };
  const other = await startApi({ ...pipeline, services: broken as never });
  try {
    const answer = await ask(`${other.url}/tickers`);
    const problem = expectProblem(answer, 'UNEXPECTED');
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(other.logged).toHaveLength(1);
    expect(other.logged[0]).toMatchObject({ code: 'UNEXPECTED', route: '/tickers', request_id: problem.request_id });
    expect(other.logged[0]?.error).toContain('secret inside');
  } finally {
    await other.stop();
  }
});
