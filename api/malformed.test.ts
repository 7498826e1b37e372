import { connect } from 'node:net';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../tests/support/answers.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { allEndpoints } from './routes/index.ts';

const N = 10_000;
/** Requests that are under way side by side. */
const AT_ONCE = 10;

let pipeline: TestPipeline;
let api: RunningApi;

// Without workers: a run that comes of it goes nowhere.
beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  await takeInTestUniverse(pipeline.services, pipeline.context);
  api = await startApi(pipeline);
});

afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 40 }),
  fc.constantFrom(
    '',
    '%',
    '%00',
    '%2F',
    '..',
    '../../etc/passwd',
    '\0',
    'AAPL',
    'null',
    '[]',
    '1e999',
    '-1',
    'constructor',
  ),
  fc.constantFrom('__proto__', "' or 1=1 --", '$ne', 'x'.repeat(5000), '😀', '\ud800'),
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  { maxDepth: 3 },
  text,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(null, true, 0, -1, 1e308, [], {}, [[[]]], 2 ** 53),
);
const fields = fc.constantFrom(
  ...['horizon', 'horizons', 'model', 'tickers', 'kinds', 'window', 'seed', 'embargo', 'as_of', 'parameters', 'limit'],
  ...['offset', 'scale_targets', 'require_approval', 'on_bad_row', 'verdict', 'by', 'reason', '__proto__', 'toString'],
);
const body = fc.oneof(
  fc.dictionary(fields, value, { maxKeys: 4 }).map((object) => JSON.stringify(object)),
  value.map((any) => JSON.stringify(any) ?? ''),
  text,
  fc.constantFrom('{', '{"tickers":', '[1,', '{"a":1}{', '"\\ud800"', '{"tickers":["AAPL"],"tickers":["x"]}'),
);
const type = fc.constantFrom(
  ...['application/json', 'application/json; charset=latin1', 'text/plain', 'multipart/form-data', '', 'a/b/c;;'],
  ...['multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', 'application/vnd.api+json'],
);
const endpoints = allEndpoints();
const request = fc.record({
  endpoint: fc.constantFrom(...endpoints),
  method: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom('PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH') },
  ),
  segment: text,
  query: fc.array(fc.tuple(fields, text), { maxLength: 3 }),
  rawQuery: fc.option(fc.constantFrom('%', 'a[b]=c', 'a=b=c&&&', '%zz=1', 'horizon=1&horizon=2', '__proto__[x]=1')),
  body: fc.option(body),
  type,
  requestId: fc.option(fc.string({ maxLength: 80 })),
});
type MalformedRequest = typeof request extends fc.Arbitrary<infer T> ? T : never;

test(`answers ${N} malformed requests without a 500, and goes on`, { timeout: 1_800_000 }, async () => {
  const seen = new Map<number, number>();
  const send = async ({ endpoint, method, segment, query, rawQuery, body, type, requestId }: MalformedRequest) => {
    // A stream or a wait for a run that nobody works on is no malformed request.
    const encoded = safely(segment);
    const path = endpoint.path.replace(/[:*]\w+/, encoded === '' ? '%20' : encoded);
    const search = new URLSearchParams(query.map(([name, text]): [string, string] => [String(name), text])).toString();
    const verb = method ?? endpoint.method.toUpperCase();
    const answer = await fetch(`${api.url}${path}?${rawQuery === null ? search : rawQuery}`, {
      method: verb,
      redirect: 'manual',
      headers: {
        ...(type === '' ? {} : { 'content-type': type }),
        ...(requestId === null ? {} : { 'x-request-id': requestId.replace(/[^\x20-\x7e]/g, '').trim() }),
      },
      ...(body === null || ['GET', 'HEAD'].includes(verb) ? {} : { body }),
    });
    const said = await answer.text();
    seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
    expect(answer.status, `${verb} ${path}: ${said}`).not.toBe(500);
    expect(answer.headers.get('x-request-id')).toMatch(/^[\w.-]{1,64}$/);
  };
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (requests) => {
      await Promise.all(requests.map(send));
    }),
    { numRuns: N / AT_ONCE, seed: 7, endOnFailure: true },
  );
  expect(api.logged).toEqual([]);
  expect((await ask(`${api.url}/health`)).body).toEqual({ status: 'healthy' });
  // Not everything was turned away at the door.
  expect(seen.get(400)).toBeGreaterThan(N / 20);
  expect(seen.get(404)).toBeGreaterThan(0);
  expect(seen.get(200)).toBeGreaterThan(0);
});

test('lines that are no HTTP at all harm nobody', async () => {
  const port = Number(new URL(api.url).port);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean(), async (bytes, asHeader) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      if (asHeader) socket.write('GET /tickers HTTP/1.1\r\nHost: localhost\r\nX-Odd: ');
      socket.write(bytes);
      socket.end('\r\n\r\n');
      socket.resume();
      await once(socket, 'close');
    }),
    { numRuns: Math.min(N, 200), seed: 7 },
  );
  expect((await ask(`${api.url}/health`)).body).toEqual({ status: 'healthy' });
  expect(api.logged).toEqual([]);
});

function safely(segment: string): string {
  try {
    return encodeURIComponent(segment);
  } catch {
    // A lone surrogate: sent as an ill-formed escape.
    return '%ED%A0%80';
  }
}
