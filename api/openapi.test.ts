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
      'get /certificate/{ticker}',
      'get /certificates/{id}',
      'get /health',
      'get /history/{ticker}',
      'get /leaderboard',
      'get /metrics',
      'get /models/compare/{ticker}',
      'get /models/status',
      'get /models/{id}/pictures/{name}',
      'get /performance',
      'get /predict/{ticker}',
      'get /ready',
      'get /restatements',
      'get /restatements/{id}',
      'get /runs',
      'get /runs/{id}',
      'get /runs/{id}/events',
      'get /tickers',
      'get /train/{ticker}',
      'get /trials/{ticker}',
      'post /batch-predict',
      'post /models/{ticker}/load',
      'post /models/{ticker}/unload',
      'post /restatements/{id}/retrain',
      'post /runs/{id}/cancel',
      'post /runs/{id}/verdict',
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
