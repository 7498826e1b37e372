import { KINDS } from '../models/kinds.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TRAIN_TICKER, type TrainTickerInput } from '../domain/run.ts';
import { TemporalGateway } from '../serving/temporal-gateway.ts';
import { freePort } from '../infra/free-port.ts';
import { ask, expectProblem, json } from '../tests/support/answers.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { runsEndpoints } from './routes/runs.ts';
import { trainEndpoints } from './routes/train.ts';

let pipeline: TestPipeline;
let api: RunningApi;

// Real Temporal without workers: runs start and wait, so what is asked of them can be read at leisure.
beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  await takeInTestUniverse(pipeline.services, pipeline.context);
  api = await startApi(pipeline);
});

afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

const get = (path: string, init?: RequestInit) => ask(`${api.url}${path}`, init);
const post = (path: string) => get(path, { method: 'POST' });

async function inputOf(runId: string): Promise<TrainTickerInput> {
  const history = await pipeline.temporal.client.workflow.getHandle(runId).fetchHistory();
  const [payload] = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  return JSON.parse(Buffer.from(payload?.data ?? []).toString('utf8')) as TrainTickerInput;
}

describe('training one ticker', () => {
  test('starts a run and says where to look; GET joins what POST started', async () => {
    const started = await post('/train/aapl?horizons=10,1&seed=1');
    expect(started.status).toBe(202);
    const { run_id, status_url } = started.body;
    expect(started.body).toEqual({
      run_id: expect.stringMatching(/^train\/default\/AAPL\/2013-03-01\/[0-9a-f]+$/),
      status: 'running',
      status_url: `${api.url}/runs/${run_id}`,
      ui: expect.stringContaining(encodeURIComponent(run_id)),
      joined: false,
    });
    expect(started.headers.get('location')).toBe(`/runs/${run_id}`);
    const joined = await get('/train/AAPL?horizons=1&horizons=10&seed=1');
    expect(joined.status).toBe(202);
    expect(joined.body).toEqual({ ...started.body, joined: true });
    for (const endpoint of trainEndpoints) expect(endpoint.answer.schema.parse(joined.body)).toEqual(joined.body);
    const run = await ask(status_url);
    expect(run.body).toMatchObject({ run_id, workflow: TRAIN_TICKER, status: 'running', closed_at: null });
  });

  test('passes every option on, from the body as from the query', async () => {
    const parameters = { linear: { alpha: 3 }, 'random-forest': { nTrees: 5 } };
    const further = { embargo: 5, scale_targets: false, require_approval: true };
    const options = {
      horizons: [2],
      kinds: ['linear', 'random-forest'],
      window: 300,
      seed: 5,
      ...further,
      as_of: '2012-12-31',
      parameters,
      search: { trials: 12, max_seconds: 60 },
    };
    const { body } = await get('/train/AAPL', json(options));
    const { plan, vantage, context } = await inputOf(body.run_id);
    expect(plan).toMatchObject({
      horizons: [2],
      kinds: ['naive', 'drift', 'linear', 'random-forest'],
      window: 300,
      seed: 5,
      embargo: 5,
      scaleTargets: false,
      requireApproval: true,
      parameters,
      // The penalty of the linear one is given, which leaves nothing to search.
      search: { kinds: ['random-forest'], trials: 12, maxSeconds: 60 },
    });
    expect(vantage.asOf).toBe('2012-12-31');
    expect(context).toEqual({ tenant: 'default', principal: 'tester' });
    const query =
      'horizons=2&kinds=linear,random-forest&window=300&seed=5&embargo=5&scale_targets=false&require_approval=true&as_of=2012-12-31';
    const fromQuery = await get(`/train/AAPL?${query}`, json({ parameters, search: options.search }));
    expect(fromQuery.body).toMatchObject({ run_id: body.run_id, joined: true });
  });

  test('without options takes those of the settings', async () => {
    const { plan } = await inputOf((await post('/train/MSFT')).body.run_id);
    expect(plan).toMatchObject({ horizons: [1, 10], seed: 7, kinds: KINDS.map(({ name }) => name) });
    expect(plan).toMatchObject({ embargo: 0, scaleTargets: true, requireApproval: false });
    expect(plan).not.toHaveProperty('search');
  });

  test('HEAD starts nothing', async () => {
    const before = (await get('/runs')).body.runs.length;
    const head = await fetch(`${api.url}/train/AAPL?seed=99`, { method: 'HEAD' });
    expect([head.status, head.headers.get('allow')]).toEqual([405, 'POST, GET, OPTIONS']);
    expect((await get('/runs')).body.runs).toHaveLength(before);
  });

  test.each([
    ['/train/ZZZZ', 'TICKER_UNKNOWN', 'AAPL, MSFT'],
    ['/train/a%20b', 'TICKER_INVALID', 'upper-case letters'],
    ['/train/AAPL?horizons=1,99', 'HORIZON_INVALID', '1 to 63'],
    ['/train/AAPL?horizons=', 'HORIZON_INVALID', '1 to 63'],
    ['/train/AAPL?kinds=oracle', 'MODEL_KIND_UNKNOWN', 'random-forest'],
    [
      '/train/AAPL?window=5',
      'REQUEST_INVALID',
      'query.window: "5" is not possible: expected a whole number from 60 sessions',
    ],
    ['/train/AAPL?seed=x', 'REQUEST_INVALID', 'query.seed: "x" is not possible: expected a whole number from 0'],
    ['/train/AAPL?as_of=2013-02-30', 'DATE_INVALID', 'YYYY-MM-DD'],
    ['/train/AAPL?as_of=2999-01-01', 'DATE_INVALID', 'not after'],
    ['/train/AAPL?as_of=1999-01-01', 'TOO_FEW_SESSIONS', 'AAPL has 0 sessions up to 1999-01-01, at least 60'],
    ['/train/AAPL?as_of=2010-10-20', 'TOO_FEW_SESSIONS', 'at least 60'],
    ['/train/AAPL?trees=5', 'REQUEST_INVALID', 'query.trees: there is no such field; possible: horizons, kinds'],
  ] as const)('%s is refused as %s, by POST and by GET', async (path, code, expected) => {
    for (const answer of [await post(path), await get(path)]) {
      expect(expectProblem(answer, code).detail).toContain(expected);
    }
  });

  test('a parameter that is not possible is refused', async () => {
    const answer = await get('/train/AAPL', json({ parameters: { linear: { alpha: -1 } } }));
    expect(expectProblem(answer, 'PARAMETER_INVALID').detail).toContain('alpha');
  });

  test.each([
    [{ trials: 1 }, 'search.trials: "1" is not possible: expected a whole number from 2 to 200'],
    [{ trials: 201 }, 'search.trials: "201" is not possible'],
    [{ max_seconds: 5 }, 'search.trials'],
    [{ trials: 5, max_seconds: 0 }, 'search.max_seconds: "0" is not possible: expected a whole number from 1 to 86400'],
    [{ trials: 5, seconds: 9 }, 'search.seconds: there is no such field'],
    [9, 'search'],
  ])('a search of %j is refused', async (search, expected) => {
    const { detail } = expectProblem(await get('/train/AAPL', json({ search })), 'REQUEST_INVALID');
    expect(detail).toContain(expected);
  });

  test('a search for parameters that there are not, or that are given, is refused', async () => {
    for (const options of [{ kinds: ['pooled-lstm'] }, { kinds: ['linear'], parameters: { linear: { alpha: 3 } } }]) {
      const answer = await get('/train/AAPL', json({ ...options, search: { trials: 5 } }));
      const { detail } = expectProblem(answer, 'REQUEST_INVALID');
      expect(detail).toBe(
        `search: there is nothing to search: ${options.kinds[0]} has no parameters to look for, or they are given.`,
      );
    }
  });

  test('an option in the query and in the body is refused', async () => {
    const problem = expectProblem(await get('/train/AAPL?seed=1', json({ seed: 1 })), 'REQUEST_INVALID');
    expect(problem.detail).toBe('seed: given in the query and in the body.');
  });
});

describe('training many tickers', () => {
  test('takes all known ones, or those that are named', async () => {
    const all = await post('/train');
    expect(all.status).toBe(202);
    expect(all.body.run_id).toMatch(/^train-universe\/default\/2013-03-01\//);
    const named = await get('/train', json({ tickers: ['msft', 'AAPL', 'AAPL'] }));
    expect(named.body).toMatchObject({ run_id: all.body.run_id, joined: true });
    expect((await post('/train?tickers=AAPL')).body.run_id).not.toBe(all.body.run_id);
  });

  test('refuses unknown tickers and none', async () => {
    expectProblem(await get('/train', json({ tickers: ['AAPL', 'ZZZZ'] })), 'TICKER_UNKNOWN');
    expectProblem(await get('/train', json({ tickers: [] })), 'REQUEST_INVALID');
    expectProblem(await get('/train'), 'METHOD_NOT_ALLOWED');
  });
});

describe('runs', () => {
  test('are found by their id, with slashes as they are or encoded, and can be cancelled', async () => {
    const { run_id } = (await post('/train/AAPL?seed=20')).body;
    const raw = await get(`/runs/${run_id}`);
    const encoded = await get(`/runs/${encodeURIComponent(run_id)}`);
    expect(raw.status, JSON.stringify(api.logged)).toBe(200);
    expect(encoded.body).toEqual(raw.body);
    const readRun = runsEndpoints.find(({ path }) => path === '/runs/*id')!;
    expect(readRun.answer.schema.parse(raw.body)).toEqual(raw.body);

    const cancelled = await post(`/runs/${encodeURIComponent(run_id)}/cancel`);
    expect(cancelled.status).toBe(202);
    expect(cancelled.body).toEqual({ run_id, cancel_requested: true, status_url: `${api.url}/runs/${run_id}` });
    expect((await post(`/runs/${run_id}/cancel`)).status).toBe(202);
  });

  test('are listed, newest first, as many as asked for', async () => {
    const { run_id } = (await post('/train/AAPL?seed=21')).body;
    await expect.poll(async () => (await get('/runs')).body.runs[0].run_id).toBe(run_id);
    const { body } = await get('/runs?limit=1');
    const [list] = runsEndpoints;
    expect(list!.answer.schema.parse(body)).toEqual(body);
    expect(body.runs).toHaveLength(1);
    expect(expectProblem(await get('/runs?limit=0'), 'REQUEST_INVALID').detail).toContain('1 to 200');
  });

  test('that there are not, or that are another tenant’s, are unknown', async () => {
    for (const id of ['train/default/AAPL/2013-03-01/nothing', 'train/other/AAPL/2013-03-01/x', 'x']) {
      expectProblem(await get(`/runs/${id}`), 'RUN_UNKNOWN');
      expectProblem(await post(`/runs/${id}/cancel`), 'RUN_UNKNOWN');
    }
  });

  test('are cancelled by POST alone', async () => {
    const refused = await get('/runs/train/default/x/y/z/cancel');
    expectProblem(refused, 'METHOD_NOT_ALLOWED');
    expect(refused.headers.get('allow')).toBe('POST, OPTIONS');
  });
});

test('while Temporal is away, training and runs answer 503 with Retry-After; forecasts and health go on', {
  timeout: 90_000,
}, async () => {
  const { services, context } = pipeline;
  await trainDirectly(services, context, { ticker: 'AAPL', horizon: 10, kinds: ['naive'] });
  const temporal = new TemporalGateway({
    address: `127.0.0.1:${await freePort(0)}`,
    namespace: 'default',
    uiUrl: undefined,
  });
  const alone = await startApi({
    services,
    temporal,
    dependencies: [{ name: 'temporal', required: false, ping: () => temporal.ping(2000) }],
  });
  try {
    const [train, universe, run, runs, health, ready, predict] = await Promise.all([
      ask(`${alone.url}/train/AAPL`, { method: 'POST' }),
      ask(`${alone.url}/train`, { method: 'POST' }),
      ask(`${alone.url}/runs/train/default/AAPL/2013-03-01/x`),
      ask(`${alone.url}/runs`),
      ask(`${alone.url}/health`),
      ask(`${alone.url}/ready`),
      ask(`${alone.url}/predict/AAPL`),
    ]);
    for (const answer of [train, universe, run, runs]) {
      expect(expectProblem(answer, 'TEMPORAL_UNAVAILABLE').retryable).toBe(true);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(health.status).toBe(200);
    expect(health.body).toEqual({ status: 'healthy' });
    expect(ready.status).toBe(200);
    expect(ready.body).toMatchObject({
      status: 'degraded',
      dependencies: [{ name: 'temporal', status: 'down', required: false }],
    });
    expect(predict.status).toBe(200);
    // What the request itself has wrong is said all the same.
    expectProblem(await ask(`${alone.url}/train/ZZZZ`, { method: 'POST' }), 'TICKER_UNKNOWN');
    expect(alone.logged).toEqual([]);
  } finally {
    await alone.stop();
    await temporal.close();
  }
});
