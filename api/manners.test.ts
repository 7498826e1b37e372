import { request as httpRequest } from 'node:http';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, expectProblem, json } from '../tests/support/answers.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';

let pipeline: TestPipeline;
let api: RunningApi;

beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  await takeInTestUniverse(pipeline.services, pipeline.context);
  const kinds = ['naive', 'linear'];
  await trainDirectly(pipeline.services, pipeline.context, { ticker: 'AAPL', horizon: 10, kinds });
  const { services } = pipeline;
  api = await startApi({ ...pipeline, caches: () => [services.loaded.counts] });
});

afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

const get = (path: string, init?: RequestInit) => ask(`${api.url}${path}`, init);
const post = (path: string) => get(path, { method: 'POST' });
const text = async (path: string) => (await fetch(`${api.url}${path}`)).text();

describe('the log', () => {
  test('has a line for every answer: route template, status, time, ticker, request id and tenant', async () => {
    await get('/predict/aapl', { headers: { 'x-request-id': 'line-1' } });
    await get('/predict/ZZZZ', { headers: { 'x-request-id': 'line-2' } });
    await get('/nowhere/at/all', { headers: { 'x-request-id': 'line-3' } });
    await get('/health', { headers: { 'x-request-id': 'line-4' } });
    const line = (id: string) => api.lines.find(({ request_id }) => request_id === id);
    await expect.poll(() => line('line-4')).toBeDefined();
    expect(line('line-1')).toMatchObject({
      level: 'info',
      method: 'GET',
      route: '/predict/:ticker',
      status: 200,
      duration_ms: expect.any(Number),
      ticker: 'AAPL',
      tenant: 'default',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(line('line-2')).toMatchObject({ status: 404, code: 'TICKER_UNKNOWN', ticker: 'ZZZZ' });
    expect(line('line-3')).toMatchObject({ status: 404, route: 'unmatched', code: 'ROUTE_UNKNOWN' });
    expect(line('line-4')).toMatchObject({ level: 'debug', route: '/health' });
  });

  test('says nothing of headers, cookies, queries and bodies', async () => {
    const headers = { authorization: 'Bearer hunter2', cookie: 'session=hunter2', 'x-request-id': 'no-secrets' };
    await get('/predict/AAPL?apikey=hunter2', { headers });
    await get('/batch-predict?token=hunter2', { ...json({ tickers: ['AAPL'], password: 'hunter2' }), headers });
    await expect.poll(() => api.lines.filter(({ request_id }) => request_id === 'no-secrets').length).toBe(2);
    expect(JSON.stringify(api.lines)).not.toContain('hunter2');
  });

  test('tells of clients that hung up', async () => {
    const request = httpRequest(`${api.url}/upload`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=xx', 'content-length': 1000, 'x-request-id': 'gone' },
    });
    request.on('error', () => {});
    request.write('--xx\r\n');
    await expect.poll(async () => (await text('/metrics')).match(/requests_in_flight (\d+)/)?.[1]).toBe('2');
    request.destroy();
    await expect.poll(() => api.lines.find(({ request_id }) => request_id === 'gone')).toMatchObject({ cut_off: true });
  });
});

describe('request ids', () => {
  test('are given back when they are sane, and made up otherwise', async () => {
    const idOf = async (id?: string) =>
      (await get('/health', id === undefined ? {} : { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    expect(await idOf('Run.7_a-b')).toBe('Run.7_a-b');
    for (const bad of [undefined, '', 'a b', 'x'.repeat(65), '{"a":1}']) {
      expect(await idOf(bad)).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

describe('security headers', () => {
  test('stand on every answer and let the page at /docs have its own scripts alone', async () => {
    for (const path of ['/health', '/docs/', '/nowhere', '/openapi.json']) {
      const { headers } = await fetch(`${api.url}${path}`);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
      expect(headers.get('x-powered-by')).toBeNull();
    }
    const page = await text('/docs/');
    // What stands in the page itself would not run.
    expect(page.match(/<script(?![^>]*\bsrc=)[^>]*>\s*\S/)).toBeNull();
  });
});

describe('the rate limit', () => {
  test('refuses what is too much with how long to wait, and always answers probes and scrapes', async () => {
    const limited = await startApi({ ...pipeline, settings: { rateLimit: 3 } });
    try {
      const asked = async (path: string) => ask(`${limited.url}${path}`);
      const first = await asked('/tickers');
      expect(first.headers.get('ratelimit-policy')).toMatch(/3;w=60/);
      expect(first.headers.get('ratelimit')).toMatch(/remaining=2, reset=\d+/);
      for (let i = 0; i < 2; i++) expect((await asked('/tickers')).status).toBe(200);
      const refused = await asked('/tickers');
      const problem = expectProblem(refused, 'RATE_LIMITED');
      expect(problem).toMatchObject({ limit: 3, retryable: true });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      for (const path of ['/health', '/ready']) expect((await asked(path)).status).toBe(200);
      expect((await fetch(`${limited.url}/metrics`)).status).toBe(200);
    } finally {
      await limited.stop();
    }
  });

  test('counts the addresses of one IPv6 network as one client, and an IPv4 address in either notation', async () => {
    const limited = await startApi({ ...pipeline, settings: { rateLimit: 1, trustedProxies: 1 } });
    try {
      for (const [address, status] of [
        ['2001:db8:0:1200::1', 200],
        ['2001:db8:0:12ff:1:2:3:4', 429],
        ['2001:db8:0:1300::1', 200],
        ['192.0.2.1', 200],
        ['::ffff:192.0.2.1', 429],
      ] as const) {
        const answer = await ask(`${limited.url}/tickers`, { headers: { 'x-forwarded-for': address } });
        expect(answer.status, address).toBe(status);
      }
    } finally {
      await limited.stop();
    }
  });

  test('counts the clients behind a trusted proxy apart, and believes nobody else', async () => {
    for (const [trustedProxies, status] of [
      [1, 200],
      [0, 429],
    ] as const) {
      const limited = await startApi({ ...pipeline, settings: { rateLimit: 1, trustedProxies } });
      try {
        const from = (address: string) => ask(`${limited.url}/tickers`, { headers: { 'x-forwarded-for': address } });
        expect((await from('192.0.2.1')).status).toBe(200);
        expect((await from('192.0.2.2')).status).toBe(status);
      } finally {
        await limited.stop();
      }
    }
  });
});

describe('GET /ready', () => {
  test('asks each dependency once a second at most, with its latency and breaker', async () => {
    let pings = 0;
    const dependencies = [
      { name: 'database', required: true, ping: async () => pings++ },
      { name: 'prices', required: false, ping: () => Promise.reject(new Error('x')), breaker: () => 'open' as const },
    ];
    const own = await startApi({ ...pipeline, dependencies });
    try {
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(`${own.url}/ready`)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(answers[0]!.body).toMatchObject({
        status: 'degraded',
        dependencies: [
          { name: 'database', status: 'up', required: true, latency_ms: expect.any(Number) },
          { name: 'prices', status: 'down', required: false, breaker: 'open', problem: expect.any(String) },
        ],
      });
      expect(pings).toBeLessThan(20);
      const metrics = await (await fetch(`${own.url}/metrics`)).text();
      expect(metrics).toContain('stockcast_dependency_up{dependency="database"} 1');
      expect(metrics).toContain('stockcast_dependency_up{dependency="prices"} 0');
      expect(metrics).toContain('stockcast_breaker_state{dependency="prices"} 2');
    } finally {
      await own.stop();
    }
  });
});

describe('GET /metrics and GET /performance', () => {
  test('count by route template, and nothing that a client makes up becomes a series', async () => {
    for (const path of ['/predict/AAPL', '/predict/ZZZZ', '/predict/QQQQ', '/x1', '/x2', '/predict/AAPL?model=m1']) {
      await get(path);
    }
    await fetch(`${api.url}/tickers`, { method: 'PROPFIND' });
    await expect
      .poll(() => text('/metrics'))
      .toMatch(/http_requests_total\{method="other",route="\/tickers",status="405"\} 1/);
    const metrics = await text('/metrics');
    expect(metrics).toMatch(/stockcast_http_requests_total\{method="GET",route="\/predict\/:ticker",status="404"\} \d/);
    expect(metrics).toMatch(
      /http_request_duration_seconds_bucket\{le="0.1",method="GET",route="\/predict\/:ticker"\} \d/,
    );
    expect(metrics).toMatch(/stockcast_predictions_total\{kind="\w+",horizon="10",outcome="ok"\} \d/);
    expect(metrics).toContain('stockcast_predictions_total{kind="none",horizon="10",outcome="MODEL_KIND_UNKNOWN"} 1');
    expect(metrics).toMatch(/stockcast_prediction_duration_seconds_count\{outcome="ok"\} \d/);
    expect(metrics).toMatch(/stockcast_models_serving\{kind="\w+",horizon="10"\} 1/);
    expect(metrics).toMatch(/stockcast_model_rmse_ratio_to_naive\{kind="\w+",horizon="10"\} [\d.]+/);
    expect(metrics).toContain('stockcast_cache_requests_total{cache="models",verdict="miss"}');
    expect(metrics).toContain('stockcast_process_resident_memory_bytes');
    expect(metrics).not.toMatch(/AAPL|ZZZZ|x1|PROPFIND/);
    for (const [, name] of metrics.matchAll(/^# TYPE (\S+)/gm)) expect(name).toMatch(/^stockcast_/);
  });

  test('tell how fast each route is, of what caches save, and what the process holds', async () => {
    await get('/predict/AAPL');
    await expect.poll(async () => (await get('/performance')).body.audit.buffered).toBe(0);
    const { body } = await get('/performance');
    const route = body.routes.find((each: { route: string }) => each.route === '/predict/:ticker');
    expect(route.requests).toBeGreaterThan(0);
    expect(route.answers['2xx']).toBeGreaterThan(0);
    for (const each of [route, body.requests]) {
      expect(each.p50_ms).toBeGreaterThan(0);
      expect(each.p50_ms).toBeLessThanOrEqual(each.p95_ms);
      expect(each.p95_ms).toBeLessThanOrEqual(each.p99_ms);
      expect(each.p99_ms).toBeLessThanOrEqual(each.max_ms);
    }
    expect(body.caches[0]).toMatchObject({ name: 'models', hits: expect.any(Number) });
    expect(body.memory.rss_mb).toBeGreaterThan(10);
    expect(body.event_loop_delay.max_ms).toBeGreaterThan(0);
  });
});

describe('models in memory', () => {
  test('are loaded and unloaded without a restart, and shown with their stage and size', async () => {
    const loaded = await post('/models/aapl/load');
    expect(loaded.status).toBe(200);
    expect(loaded.body.models).toHaveLength(1);
    const [{ model_id }] = loaded.body.models;
    const inMemory = async () => (await get('/models/status')).body;
    const shown = (await inMemory()).models.find((each: { model_id: string }) => each.model_id === model_id);
    expect(shown).toMatchObject({ ticker: 'AAPL', horizon: 10, stage: 'production', health: 'ok', model_version: 1 });
    expect(shown.object_bytes).toBeGreaterThan(10);
    expect((await post('/models/AAPL/unload?horizons=10')).body).toEqual({
      ticker: 'AAPL',
      models: [loaded.body.models[0]],
    });
    expect((await post('/models/AAPL/unload')).body).toEqual({ ticker: 'AAPL', models: [] });
    expect(JSON.stringify(await inMemory())).not.toContain(model_id);
    expectProblem(await post('/models/MSFT/load'), 'MODEL_MISSING');
    expectProblem(await post('/models/ZZZZ/load'), 'TICKER_UNKNOWN');
  });
});

describe('the audit', () => {
  test('has a row for every forecast that was asked for, answered or not', async () => {
    const headers = { 'x-request-id': 'audited' };
    await get('/predict/AAPL', { headers });
    await get('/predict/ZZZZ?horizon=1', { headers });
    await get('/batch-predict', {
      ...json({ tickers: ['AAPL', 'MSFT'] }),
      headers: { ...headers, 'content-type': 'application/json' },
    });
    await expect.poll(() => api.audit.counts.buffered).toBe(0);
    const client = new pg.Client({ connectionString: pipeline.databaseUrl });
    await client.connect();
    try {
      const found = () =>
        client.query("select * from prediction_log where request_id = 'audited' order by route desc, ticker");
      await expect.poll(async () => (await found()).rowCount).toBe(4);
      expect((await found()).rows).toMatchObject([
        {
          route: '/predict/:ticker',
          ticker: 'AAPL',
          horizon: 10,
          code: null,
          as_of: null,
          price_target: expect.any(Number),
        },
        { route: '/predict/:ticker', ticker: 'ZZZZ', horizon: 1, code: 'TICKER_UNKNOWN', model_id: null },
        { route: '/batch-predict', ticker: 'AAPL', code: null, principal: 'tester' },
        { route: '/batch-predict', ticker: 'MSFT', code: 'MODEL_MISSING' },
      ]);
    } finally {
      await client.end();
    }
  });
});
