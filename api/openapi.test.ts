import { expect, test } from 'vitest';
import { openApiDocument } from './openapi.ts';
import { allEndpoints } from './routes/index.ts';

const endpoints = allEndpoints();
// Through JSON, as clients get it.
const document = JSON.parse(JSON.stringify(openApiDocument(endpoints, '1.2.3')));

test('describes every method of every address', () => {
  const described = Object.entries(document.paths as Record<string, object>).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  );
  expect(described.sort()).toEqual(
    [
      'get /',
      'get /approvals',
      'get /backfills',
      'get /backfills/{id}',
      'get /backfills/{id}/failed',
      'get /certificate/{ticker}',
      'get /certificates/{id}',
      'get /drift/{ticker}',
      'get /experiments',
      'get /experiments/{id}',
      'post /experiments',
      'post /drift',
      'post /experiments/judge',
      'post /experiments/{id}/stop',
      'get /features/{ticker}',
      'get /datasets/{id}/diff/{other}',
      'get /datasets/{ticker}',
      'get /health',
      'get /history/{ticker}',
      'get /leaderboard',
      'get /lineage/{id}',
      'get /metrics',
      'get /models/compare/{ticker}',
      'get /models/status',
      'get /models/{id}/pictures/{name}',
      'get /models/{ticker}/history',
      'get /performance',
      'get /predict/{ticker}',
      'get /ready',
      'get /restatements',
      'get /restatements/{id}',
      'get /runs',
      'get /runs/parked',
      'get /runs/{id}',
      'get /runs/{id}/events',
      'get /schedules',
      'get /schedules/{name}',
      'get /tickers',
      'get /track-record/{ticker}',
      'get /train/{ticker}',
      'get /trials/{ticker}',
      'post /backfills',
      'post /backfills/{id}/pause',
      'post /backfills/{id}/resume',
      'post /backfills/{id}/retry',
      'post /batch-predict',
      'post /models/{ticker}/load',
      'post /models/{ticker}/rollback',
      'post /models/{ticker}/unload',
      'post /restatements/{id}/retrain',
      'post /score',
      'post /runs/{id}/accept',
      'post /runs/{id}/cancel',
      'post /runs/{id}/correct',
      'post /runs/{id}/verdict',
      'post /schedules/{name}/pause',
      'post /schedules/{name}/resume',
      'post /schedules/{name}/trigger',
      'post /train',
      'post /train/{ticker}',
      'post /upload',
    ].sort(),
  );
});

test('every reference leads somewhere and every operation has a name of its own', () => {
  const text = JSON.stringify(document);
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    expect(document.components.schemas, name).toHaveProperty(name!);
  }
  const names = [...text.matchAll(/"operationId":"(\w+)"/g)].map(([, name]) => name);
  expect(names).toHaveLength(endpoints.length);
  expect(new Set(names).size).toBe(names.length);
  expect(text).not.toContain('$defs');
});

test('says what requests may hold: types, bounds and which fields there are', () => {
  const parameters = document.paths['/predict/{ticker}'].get.parameters as { name: string }[];
  const parameter = (name: string) => parameters.find((candidate) => candidate.name === name);
  expect(parameter('ticker')).toMatchObject({ in: 'path', required: true, schema: { type: 'string' } });
  expect(parameter('horizon')).toMatchObject({
    in: 'query',
    required: false,
    schema: { type: 'integer', minimum: 1, maximum: 63 },
  });
  const { BatchPredictionRequest, TrainingOptions } = document.components.schemas;
  expect(BatchPredictionRequest).toMatchObject({ required: ['tickers'], additionalProperties: false });
  expect(BatchPredictionRequest.properties.tickers).toMatchObject({ minItems: 1, maxItems: 1000 });
  expect(document.components.schemas.Verdict.required).toEqual(['horizon', 'verdict', 'by', 'reason']);
  const bodyOf = (path: string) => document.paths[path].post.requestBody;
  expect(bodyOf('/runs/{id}/verdict').required).toBe(true);
  expect(bodyOf('/batch-predict').required).toBe(true);
  expect(bodyOf('/train').required).toBe(false);
  expect(Object.keys(TrainingOptions.properties)).toEqual([
    'horizons',
    'kinds',
    'window',
    'seed',
    'embargo',
    'scale_targets',
    'require_approval',
    'as_of',
    'source',
    'parameters',
    'search',
  ]);
  const form = document.paths['/upload'].post.requestBody.content['multipart/form-data'].schema;
  expect(form.required).toEqual(['file']);
  expect(form.properties.file).toMatchObject({ type: 'string', format: 'binary' });
});

test('says what may go wrong, by status', () => {
  const { responses } = document.paths['/predict/{ticker}'].get;
  expect(Object.keys(responses)).toEqual(['200', '400', '403', '404', '409', '429', '500', '502', '503']);
  expect(responses['409'].description).toContain('MODEL_MISSING');
  expect(responses['503'].headers).toHaveProperty('Retry-After');
});

test('every operation stands in one of the groups that are described', () => {
  const names = document.tags.map(({ name }: { name: string }) => name);
  const operations = Object.values(document.paths as Record<string, Record<string, { tags: string[] }>>).flatMap(
    (methods) => Object.values(methods),
  );
  for (const { tags } of operations) expect(names).toContain(tags.join());
  expect(new Set(operations.flatMap(({ tags }) => tags)).size).toBe(names.length);
});

test('what is put into the forms of the page is understood by what reads them', () => {
  const bodies = endpoints.flatMap(({ body }) => (body === undefined ? [] : [body]));
  expect(bodies.length).toBeGreaterThan(3);
  for (const { name, schema } of bodies) {
    const [example] = document.components.schemas[name].examples ?? [];
    expect(schema.safeParse(example).error, name).toBeUndefined();
  }
});

test('problems are shown as they come, each with its code', () => {
  const responses = document.paths['/predict/{ticker}'].get.responses;
  expect(Object.keys(responses['400'].content['application/problem+json'].examples)).toContain('TICKER_INVALID');
  expect(responses['404'].content['application/problem+json'].examples.TICKER_UNKNOWN.value).toMatchObject({
    ...{ status: 404, code: 'TICKER_UNKNOWN', retryable: false, type: '/docs/errors#TICKER_UNKNOWN' },
  });
  expect(JSON.stringify(document)).not.toContain(String(Number.MAX_SAFE_INTEGER));
});
