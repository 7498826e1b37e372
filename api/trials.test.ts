import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NewTrial } from '../stores/trials/trial-store.ts';
import { ask, expectProblem } from '../tests/support/answers.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { trialsEndpoint } from './routes/trials.ts';

let pipeline: TestPipeline;
let api: RunningApi;

beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  await takeInTestUniverse(pipeline.services, pipeline.context);
  api = await startApi(pipeline);
});
afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

const get = (ticker: string) => ask(`${api.url}/trials/${ticker}`);

test('a ticker that nothing was searched for has no searches', async () => {
  expect(await get('aapl')).toMatchObject({ status: 200, body: { ticker: 'AAPL', searches: [] } });
});

test('every trial of the newest searches is told, with what came of it', async () => {
  const { services, context } = pipeline;
  const of = {
    searchId: 's',
    ticker: 'AAPL',
    horizon: 1,
    kind: 'random-forest',
    seed: 7,
    until: '2011-12-01',
  } as const;
  const begin = (number: number, other: Partial<NewTrial> = {}) =>
    services.trials.begin(context, { ...of, number, parameters: { maxDepth: number + 1, nTrees: 5 }, ...other });
  for (const number of [0, 1, 2, 3]) await begin(number);
  await begin(3);
  await services.trials.end(context, 's', 0, { status: 'finished', loss: 1.01 });
  await services.trials.end(context, 's', 1, { status: 'finished', loss: 0.99 });
  await services.trials.end(context, 's', 2, { status: 'failed', problem: 'a loss of NaN' });
  await begin(0, { searchId: 'linear', kind: 'linear', parameters: { alpha: 10 } });

  const { status, body } = await get('AAPL');
  expect(status).toBe(200);
  expect(trialsEndpoint.answer.schema.parse(body)).toEqual(body);
  const time = expect.stringMatching(/^\d{4}-.*Z$/);
  const trial = { attempts: 1, problem: null, started_at: time, ended_at: time };
  const parameters = (maxDepth: number) => ({ maxDepth, nTrees: 5 });
  expect(body.searches[1]).toEqual({
    search_id: 's',
    horizon: 1,
    model: 'random-forest',
    seed: 7,
    until: '2011-12-01',
    searched: ['maxDepth', 'minSamplesLeaf', 'maxFeatures'],
    best: 1,
    trials: [
      { ...trial, trial: 0, status: 'finished', loss: 1.01, parameters: parameters(1) },
      { ...trial, trial: 1, status: 'finished', loss: 0.99, parameters: parameters(2) },
      { ...trial, trial: 2, status: 'failed', loss: null, parameters: parameters(3), problem: 'a loss of NaN' },
      { ...trial, trial: 3, status: 'running', loss: null, parameters: parameters(4), attempts: 2, ended_at: null },
    ],
  });
  expect(body.searches[0]).toMatchObject({ model: 'linear', searched: ['alpha'], best: null });
});

test('a ticker that is not known is refused', async () => {
  expectProblem(await get('ZZZZ'), 'TICKER_UNKNOWN');
  expectProblem(await get('a%20b'), 'TICKER_INVALID');
});
