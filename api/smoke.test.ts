import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';

let pipeline: TestPipeline; let api: RunningApi;
beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  await takeInTestUniverse(pipeline.services, pipeline.context);
  await trainDirectly(pipeline.services, pipeline.context, { ticker: 'AAPL', horizon: 10, kinds: ['naive', 'linear'] });
  api = await startApi(pipeline);
});
afterAll(async () => { await api?.stop(); await pipeline?.stop(); });
test('x', async () => {
  const show = async (path: string, init?: RequestInit) => {
    const t = Date.now();
    const r = await fetch(api.url + path, { redirect: 'manual', ...init });
    console.log(init?.method ?? 'GET', path, r.status, JSON.stringify(Object.fromEntries(r.headers)), (await r.text()).slice(0, 1500), Date.now() - t, 'ms');
  };
  const json = (b: unknown, method = 'POST') => ({ method, body: JSON.stringify(b), headers: { 'content-type': 'application/json' } });
  await show('/'); await show('/health'); await show('/tickers'); await show('/predict/aapl'); await show('/predict/AAPL?horizon=10&model=linear');
  await show('/predict/MSFT'); await show('/predict/ZZZ'); await show('/predict/a b'); await show('/predict/AAPL?horizon=ten'); await show('/predict/AAPL?model=lstm'); await show('/predict/AAPL?foo=1&horizon=1&horizon=2');
  await show('/predict/%E0'); await show('/nothing'); await show('/predict/AAPL', { method: 'DELETE' });
  await show('/batch-predict', json({ tickers: ['AAPL', 'aapl', 'MSFT', 'ZZZ', 'a b'] }));
  await show('/batch-predict', json({ tickers: ['AAPL'], model: 'x' })); await show('/batch-predict', json({ tickers: [], horizen: 1 })); await show('/batch-predict', json([])); await show('/batch-predict', { method: 'POST' });
  await show('/batch-predict', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } });
  await show('/batch-predict', { method: 'POST', body: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  await show('/leaderboard'); await show('/runs');
  await show('/train/AAPL?horizons=1,10', { method: 'POST' }); await show('/train/AAPL?horizons=1,10'); await show('/train/AAPL', { method: 'HEAD' }); await show('/train/AAPL', { method: 'OPTIONS' });
  await show('/train/AAPL', json({ horizons: [1, 99] })); await show('/train/AAPL?window=5&seed=x&kinds=linear&as_of=2013-02-30'); await show('/train/AAPL?as_of=2013-02-30'); await show('/train/AAPL?seed=3', json({ seed: 1 }));
  await show('/train', json({ tickers: ['AAPL', 'MSFT'], horizons: [1] }));
  const run = (await (await fetch(api.url + '/train/AAPL?horizons=1,10')).json()) as { run_id: string };
  await show('/runs/' + run.run_id); await show('/runs/' + encodeURIComponent(run.run_id)); await show('/runs/' + run.run_id + '/cancel'); await show('/runs/' + run.run_id + '/cancel', { method: 'POST' }); await show('/runs/' + encodeURIComponent(run.run_id) + '/cancel', { method: 'POST' }); await show('/runs/train/default/x'); await show('/runs/other/x/y'); await show('/runs');
  await show('/docs'); await show('/docs/'); await show('/docs/swagger-ui-init.js'); await show('/docs/errors'); await show('/docs/swagger-ui-bundle.js'); await show('/openapi.json');
  console.log(api.logged);
  expect(1).toBe(1);
}, 120_000);
