import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_PARKING } from '../../domain/parking.ts';
import { retrainRestated } from '../../serving/retrain-restated.ts';
import { MemoryCache } from '../../stores/cache/memory-cache.ts';
import { ChangeWatch } from '../../serving/change-watch.ts';
import { CachedForecasts } from '../../serving/forecasts.ts';
import { ask, expectProblem, json } from '../support/answers.ts';
import { type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { type RunningApi, startApi } from '../support/running-api.ts';
import { samplePrices } from '../support/test-universe.ts';

const LINES = samplePrices(['IBM', 'MSFT'], 200).trim().split('\n');
const DAY = '2013-01-18';
const KNOWN = LINES.filter((line) => line.startsWith('ticker') || line.split(',')[2]! <= '2013-02-01');
const SETTINGS = {
  seed: 7,
  trainingWindow: undefined,
  requireApproval: false,
  parking: DEFAULT_PARKING,
  maxInFlight: 2,
};

let pipeline: TestPipeline;
let api: RunningApi;
beforeAll(async () => {
  pipeline = await startPipeline();
  const near = new MemoryCache();
  const watch = new ChangeWatch([near]);
  // As when every change is heard of: what is held stays so until something changes.
  watch.hearing();
  api = await startApi({ ...pipeline, forecasts: new CachedForecasts(pipeline.services, { near }, watch) });
});
afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

const get = (path: string) => ask(`${api.url}${path}`);
const train = (ticker: string, more: object = {}) =>
  ask(`${api.url}/train/${ticker}?wait=true`, json({ horizons: [1], kinds: ['linear'], ...more }));
async function upload(lines: readonly string[], events?: string) {
  const form = new FormData();
  form.append('file', new Blob([`${lines.join('\n')}\n`]), 'prices.csv');
  if (events !== undefined) form.append('events', new Blob([`ticker,date,kind,value\n${events}\n`]), 'events.csv');
  const answer = await ask(`${api.url}/upload`, { method: 'POST', body: form });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
}
const content = (body: object) => ({ ...body, timestamp: '' });
const thenPath = `/predict/IBM?horizon=1&as_of=${DAY}`;

test('a past day is answered by what was known then, whatever comes later, and nothing that serves is touched', async () => {
  const { services, context } = pipeline;
  expect((await upload(KNOWN)).restatement).toBeNull();
  const problem = expectProblem(await get(thenPath), 'MODEL_MISSING');
  expect(problem.detail).toContain(`POST /train/IBM?as_of=${DAY}&horizons=1`);

  expect((await train('IBM')).status).toBe(200);
  const live = await services.ledger.production(context, 'IBM', 1);
  const now = await get('/predict/IBM?horizon=1');
  expect(now.body.as_of).toBe('2013-02-01');
  expect((await train('IBM', { as_of: DAY })).status).toBe(200);
  const then = await get(thenPath);
  expect(then.body).toMatchObject({ as_of: DAY, horizon: 1 });
  const { forecast_id: id, model_id: madeBy } = then.body;
  expect(id).toMatch(/^IBM-1-as-of-2013-01-18-[0-9a-f]{12}$/);
  expect((await get(`/lineage/${id}`)).body).toMatchObject({
    kind: 'forecast',
    forecast: { forecast_id: id, as_known_on: DAY, as_of: DAY, model_id: madeBy },
    missing: [],
  });
  expect(JSON.stringify((await get('/history/IBM?horizon=1')).body)).not.toContain(id);
  const entry = await services.ledger.production(context, 'IBM', 1, DAY);
  expect(entry).toMatchObject({ asOf: DAY, live: false, movedLive: false, modelId: then.body.model_id });
  expect(await services.ledger.production(context, 'IBM', 1)).toEqual(live);
  // Neither is the one given for the other.
  expect(content((await get('/predict/IBM?horizon=1')).body)).toEqual(content(now.body));
  expect((await get('/predict/IBM?horizon=1')).headers.get('x-cache')).toBe('hit');

  const restated = LINES.map((line) =>
    line.startsWith('IBM,') && line.includes('2012-12-14') ? line.replace(/\d+$/, '9') : line,
  );
  await upload(restated, 'IBM,2013-02-06,dividend,0.85');
  expect((await train('IBM')).status).toBe(200);
  expect((await services.ledger.production(context, 'IBM', 1))!.asOf).toBe('2013-03-01');
  const again = await get(thenPath);
  expect(content(again.body)).toEqual(content(then.body));
  expect(again.headers.get('etag')).toBe(then.headers.get('etag'));

  const batch = await ask(`${api.url}/batch-predict`, json({ tickers: ['IBM', 'MSFT'], horizon: 1, as_of: DAY }));
  expect(content(batch.body.results[0].result)).toEqual(content(then.body));
  expect(batch.body.results[1].error.code).toBe('MODEL_MISSING');
  expectProblem(await ask(`${api.url}/batch-predict`, json({ tickers: ['IBM'], as_of: '2099-01-01' })), 'DATE_INVALID');
  expectProblem(await get(`${thenPath}&source=yahoo`), 'REQUEST_INVALID');
});

test('what serves and rests on changed history is trained again, once, and nothing else', async () => {
  const { services, temporal, context } = pipeline;
  expect((await train('MSFT')).status).toBe(200);
  const others = await services.ledger.history(context, 'IBM');
  const changed = LINES.map((line) =>
    line.startsWith('MSFT,') && line.includes('2012-12-14') ? line.replace(/\d+$/, '9') : line,
  );
  const { restatement } = await upload(changed.filter((line) => !line.startsWith('IBM,')));
  const id: string = restatement.restatement_id;
  expect(restatement.tickers).toMatchObject([{ ticker: 'MSFT', sessions: 1, columns: ['volume'] }]);
  expect(restatement.affected.serving).toMatchObject([{ ticker: 'MSFT', horizon: 1 }]);
  expect(api.lines.filter(({ restatement: told }) => told === id)).toHaveLength(1);
  const metrics = await (await fetch(`${api.url}/metrics`)).text();
  expect(metrics).toMatch(/^stockcast_restatements_total 2$/m);

  const first = await ask(`${api.url}/restatements/${id}/retrain`, { method: 'POST' });
  expect(first).toMatchObject({ status: 202, body: { tickers: ['MSFT'], run: { joined: false } } });
  const { run_id: runId } = first.body.run;
  expect(runId).toMatch(/^train\/default\/MSFT\//);
  const joined = await ask(`${api.url}/restatements/${id}/retrain`, { method: 'POST' });
  expect(joined.body.run).toMatchObject({ run_id: runId, joined: true });
  expect((await pipeline.ended(runId)).status).toBe('completed');
  expect((await services.ledger.production(context, 'MSFT', 1))!.runId).toBe(runId);
  const since = (await get(`/restatements/${id}`)).body;
  expect(since).toMatchObject({ affected: { serving: [] }, retraining: { how: null, tickers: [], run_id: runId } });
  expect(since.affected.models.length).toBeGreaterThan(0);
  expect((await get('/restatements?ticker=MSFT')).body.restatements).toHaveLength(1);
  expectProblem(await get('/restatements/none'), 'RESTATEMENT_UNKNOWN');
  expectProblem(await ask(`${api.url}/restatements/none/retrain`, { method: 'POST' }), 'RESTATEMENT_UNKNOWN');

  // As the configuration `retrain` has it.
  services.alarm.retrainBy((by, each) => retrainRestated(services, temporal, by, each, SETTINGS));
  const more = (await upload(LINES.filter((line) => !line.startsWith('IBM,')))).restatement;
  expect(more.retraining).toMatchObject({
    tickers: ['MSFT'],
    run_id: expect.stringMatching(/^train\/default\/MSFT\//),
  });
  expect((await pipeline.ended(more.retraining.run_id)).status).toBe('completed');
  expect(await services.ledger.history(context, 'IBM')).toEqual(others);
}, 300_000);
