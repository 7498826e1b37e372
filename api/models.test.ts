import { afterAll, beforeAll, expect, test } from 'vitest';
import { PICTURE_NAMES } from '../serving/pictures.ts';
import { ask, expectProblem } from '../tests/support/answers.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { modelEndpoints } from './routes/models.ts';

let pipeline: TestPipeline;
let api: RunningApi;

beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  const { services, context } = pipeline;
  await takeInTestUniverse(services, context);
  await trainDirectly(services, context, { ticker: 'AAPL', horizon: 10, kinds: ['naive', 'linear'] });
  api = await startApi(pipeline);
});
afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

const get = (path: string) => ask(`${api.url}${path}`);

test('GET /models/compare/:ticker answers with every field that is documented', async () => {
  const { status, body } = await get('/models/compare/aapl');
  expect(status).toBe(200);
  expect(modelEndpoints[0]!.answer.schema.parse(body)).toEqual(body);
  expect(body).toMatchObject({ ticker: 'AAPL', horizon: 10, total: 2, next_offset: null });
  const predicted = (await get('/predict/AAPL?model=linear')).body;
  const linear = body.models.find(({ model }: { model: string }) => model === 'linear');
  expect(linear.prediction.prediction).toEqual(predicted.prediction);
  expect(linear.certificate.id).toBe(predicted.certificate_id);
  const page = (await get('/models/compare/AAPL?limit=1&offset=1')).body;
  expect(page.models.map(({ model_id: id }: { model_id: string }) => id)).toEqual([body.models[1].model_id]);
});

test('every picture that a comparison names can be had, as SVG', async () => {
  const { models } = (await get('/models/compare/AAPL')).body;
  for (const { pictures, model } of models) {
    expect(pictures.map(({ name }: { name: string }) => name)).toEqual(PICTURE_NAMES);
    for (const { path } of pictures) {
      const response = await fetch(`${api.url}${path}`);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/svg+xml; charset=utf-8']);
      const svg = await response.text();
      expect(svg).toMatch(/^<svg /);
      expect(svg).toContain(`AAPL, 10 sessions ahead, ${model}: `);
    }
  }
});

test.each([
  ['/models/compare/ZZZZ', 'TICKER_UNKNOWN', 'AAPL, MSFT'],
  ['/models/compare/MSFT', 'MODEL_MISSING', 'POST /train/MSFT'],
  ['/models/compare/AAPL?horizon=0', 'HORIZON_INVALID', '1 to 63'],
  ['/models/compare/AAPL?limit=0', 'REQUEST_INVALID', 'from 1 to 1000'],
  ['/models/compare/AAPL?offset=-1', 'REQUEST_INVALID', 'offset'],
  [`/models/${'0'.repeat(64)}/pictures/error`, 'MODEL_UNKNOWN', '0000'],
  ['/models/..%2F..%2Fsecret/pictures/error', 'MODEL_UNKNOWN', 'secret'],
  ['/models/x/pictures/constructor', 'REQUEST_INVALID', 'forecast, reliability, error'],
] as const)('%s is refused as %s', async (path, code, expected) => {
  expect(expectProblem(await get(path), code).detail).toContain(expected);
});
