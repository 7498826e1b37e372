import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256Hex } from '../domain/identity.ts';
import { ask, expectProblem } from '../tests/support/answers.ts';
import { adoptPool } from '../tests/support/adopted-pool.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { ThreadedTrainingPool } from '../workers/threaded-training-pool.ts';
import { certificateEndpoints } from './routes/certificates.ts';

let pipeline: TestPipeline;
let api: RunningApi;

beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  const { services, context } = pipeline;
  await takeInTestUniverse(services, context);
  await trainDirectly(services, context, { ticker: 'AAPL', horizon: 10, kinds: ['naive', 'linear'] });
  const pool = new ThreadedTrainingPool(1);
  await adoptPool(services, pool, context, { tickers: ['AAPL', 'MSFT'], horizon: 10, kind: 'pooled-linear' });
  await pool.close();
  api = await startApi(pipeline);
});
afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

const get = (path: string) => ask(`${api.url}${path}`);
const [ofTicker, byHash] = certificateEndpoints;

describe('GET /certificate/:ticker', () => {
  test.each(['', '?model=linear', '?model=pooled-linear&horizon=10'])(
    'answers %j with every field that is documented',
    async (query) => {
      const { status, body } = await get(`/certificate/aapl${query}`);
      expect(status).toBe(200);
      expect(ofTicker!.answer.schema.parse(body)).toEqual(body);
      const prediction = (await get(`/predict/AAPL${query}`)).body;
      expect(body).toMatchObject({
        certificate_id: prediction.certificate_id,
        certificate: { modelId: prediction.model_id },
      });
    },
  );

  test.each([
    ['/certificate/ZZZZ', 'TICKER_UNKNOWN', 'AAPL, MSFT'],
    ['/certificate/MSFT', 'MODEL_MISSING', 'POST /train/MSFT'],
    ['/certificate/AAPL?horizon=1', 'MODEL_MISSING', '1 session '],
    ['/certificate/AAPL?horizon=0', 'HORIZON_INVALID', '1 to 63'],
    ['/certificate/AAPL?model=oracle', 'MODEL_KIND_UNKNOWN', 'random-forest'],
    ['/certificate/AAPL?id=x', 'REQUEST_INVALID', 'query.id'],
  ] as const)('%s is refused as %s', async (path, code, expected) => {
    expect(expectProblem(await get(path), code).detail).toContain(expected);
  });
});

describe('GET /certificates/:id', () => {
  test('gives the very bytes whose SHA-256 is the hash', async () => {
    const { certificate_id: id, certificate } = (await get('/certificate/AAPL?model=pooled-linear')).body;
    const text = await (await fetch(`${api.url}/certificates/${id}`)).text();
    expect(sha256Hex(text)).toBe(id);
    expect(JSON.parse(text)).toEqual(certificate);
    expect(byHash!.answer.schema.parse(certificate)).toEqual(certificate);
  });

  test.each(['0'.repeat(64), 'abc', '..%2F..%2Fsecret'])('%s is unknown', async (id) => {
    expectProblem(await get(`/certificates/${id}`), 'CERTIFICATE_UNKNOWN');
  });
});
