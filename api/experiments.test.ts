import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Bar } from '../domain/bar.ts';
import { systemClock } from '../domain/context.ts';
import { isChallenged } from '../domain/experiment.ts';
import { ChangeWatch, allTold } from '../serving/change-watch.ts';
import { ExperimentTraffic } from '../serving/experiment-traffic.ts';
import { CachedForecasts } from '../serving/forecasts.ts';
import { TemporalGateway } from '../serving/temporal-gateway.ts';
import { MemoryCache } from '../stores/cache/memory-cache.ts';
import { PostgresChanges } from '../stores/changes/postgres-changes.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { ask, json } from '../tests/support/answers.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';

const BARS = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01' && date <= '2013-03-01');
const context = { tenant: 'default', principal: 'tester', clock: systemClock };
const SOON = { timeout: 60_000, interval: 50 };
let on: TestServices;
let api: RunningApi;
let changes: PostgresChanges;
let traffic: ExperimentTraffic;
const troubles: unknown[] = [];

beforeAll(async () => {
  on = await openServices();
  const { services } = on;
  await learn(BARS.filter(({ date }) => date < '2013-02-28'));
  await trainDirectly(services, context, { ticker: 'MSFT', horizon: 1, kinds: ['naive', 'drift', 'linear'] });
  const near = new MemoryCache();
  const watch = new ChangeWatch([near]);
  traffic = new ExperimentTraffic(services, (error) => troubles.push(error));
  changes = new PostgresChanges(on.databaseUrl);
  changes.listen(allTold([watch, traffic]));
  await watch.heard;
  const forecasts = new CachedForecasts(services, { near }, watch);
  const temporal = new TemporalGateway({ address: '127.0.0.1:1', namespace: 'default', uiUrl: undefined });
  api = await startApi({ services, temporal, forecasts, experiments: traffic });
});
afterAll(async () => {
  await api?.stop();
  await changes?.close();
  await on?.close();
});

let files = 0;
function learn(bars: readonly Bar[]) {
  const ingest = { id: `file ${++files}`, source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
  return on.services.bars.merge(context, ingest, [bars], []);
}
const start = (wish: object) =>
  ask(`${api.url}/experiments`, json({ tickers: ['MSFT'], horizon: 1, challenger: 'drift', ...wish }));
const stop = (id: string) => ask(`${api.url}/experiments/${id}/stop`, json({ reason: 'enough' }));
async function predict(requestId: string, query = '') {
  const init = { headers: { 'X-Request-Id': requestId } };
  const response = await fetch(`${api.url}/predict/MSFT?horizon=1${query}`, init);
  const body = (await response.json()) as Record<string, any>;
  return { ...body, status: response.status, etag: response.headers.get('etag') } as Record<string, any>;
}

test('a challenger in shadow forecasts once a session behind the answers, and is given to nobody', async () => {
  const { services } = on;
  const champion = await predict('a');
  const { status, body } = await start({});
  expect(status).toBe(201);
  expect(body).toMatchObject({ state: 'running', mode: 'shadow', stopping_rule: { looks: [20, 40, 80, 160] } });
  const [{ challenger_id: challenger }] = body.tickers;
  await learn(BARS.filter(({ date }) => date === '2013-02-28'));
  const stored = () => services.forecasts.find(context, challenger, '2013-02-28', 1);
  expect(await stored()).toBeUndefined();
  await vi.waitFor(async () => {
    expect(await predict('b')).toMatchObject({ as_of: '2013-02-28', model_id: champion.model_id });
    expect(await stored()).toMatchObject({ kind: 'drift' });
  }, SOON);
  await vi.waitFor(() => expect(traffic.isBusy).toBe(false), SOON);
  const { made } = traffic.counts;
  const { etag } = await predict('b');
  for (const id of ['c', 'd', 'e']) {
    const given = await predict(id);
    expect(given).toMatchObject({ model_id: champion.model_id, etag });
    expect(given).not.toHaveProperty('experiment');
  }
  await vi.waitFor(() => expect(traffic.isBusy).toBe(false), SOON);
  expect(traffic.counts).toEqual({ made, failed: 0, skipped: 0 });
  expect((await start({ challenger: 'linear' })).body).toMatchObject({ code: 'EXPERIMENT_REFUSED' });
  expect((await stop(body.experiment_id)).body).toMatchObject({ state: 'ended' });
  expect((await ask(`${api.url}/experiments?running=true`)).body).toEqual({ experiments: [] });
  expect((await ask(`${api.url}/experiments/none`)).status).toBe(404);
});

test('a split by ticker answers whoever asks for one by the same model', async () => {
  const { services } = on;
  const linear = (await services.registry.newest(context, 'MSFT', 1, 'linear'))!;
  await services.registry.recordCertificate(context, linear.id, { id: 'c'.repeat(64), passed: true });
  const { body } = await start({ challenger: 'linear', mode: 'split', share: 0.5 });
  expect(body).toMatchObject({ split_by: 'ticker', share: 0.5 });
  await vi.waitFor(async () => expect(await predict('x')).toHaveProperty('experiment'), SOON);
  const arms = new Set<string>();
  for (let i = 0; i < 40; i++) arms.add((await predict(`request-${i}`)).experiment.arm);
  expect([...arms]).toEqual([isChallenged(body.experiment_id, 'MSFT', { share: 0.5 }) ? 'challenger' : 'champion']);
  await stop(body.experiment_id);
  await vi.waitFor(async () => expect(await predict('x')).not.toHaveProperty('experiment'), SOON);
});

test('a split answers a share of requests by the challenger, the same one each time, and says so', async () => {
  const { services } = on;
  const linear = (await services.registry.newest(context, 'MSFT', 1, 'linear'))!;
  await services.registry.recordCertificate(context, linear.id, { id: 'c'.repeat(64), passed: true });
  const { body } = await start({ challenger: 'linear', mode: 'split', share: 0.5, split_by: 'request' });
  const id = body.experiment_id as string;
  const ids = Array.from({ length: 40 }, (_, i) => `request-${i}`);
  await vi.waitFor(async () => expect(await predict('x')).toHaveProperty('experiment'), SOON);
  const given = [];
  for (const each of ids) given.push(await predict(each));
  const armOf = ({ experiment }: Record<string, any>) => experiment.arm as string;
  const challenged = given.filter((each) => armOf(each) === 'challenger');
  expect(challenged.length).toBeGreaterThan(3);
  expect(challenged.length).toBeLessThan(37);
  for (const each of given) {
    const isIt = armOf(each) === 'challenger';
    expect(each).toMatchObject({ status: 200, experiment: { id }, model: isIt ? 'linear' : body.tickers[0].champion });
  }
  expect(new Set(given.map((each) => `${armOf(each)} ${each.etag}`)).size).toBe(2);
  expect(new Set(given.map((each) => each.etag)).size).toBe(2);
  const again = await Promise.all(ids.map((each) => predict(each)));
  expect(again.map(armOf)).toEqual(given.map(armOf));
  // Whoever asks for a model by its name gets that.
  expect(await predict(ids[0]!, '&model=naive')).not.toHaveProperty('experiment');

  // A challenger that cannot be read takes nobody's answer away.
  const unlucky = ids[given.findIndex((each) => armOf(each) === 'challenger')]!;
  await services.objects.remove(context, linear.objectKey);
  services.loaded.drop(`${context.tenant}/${linear.objectKey}`);
  await learn(BARS.filter(({ date }) => date === '2013-03-01'));
  await vi.waitFor(async () => {
    expect(await predict(unlucky)).toMatchObject({ as_of: '2013-03-01', experiment: { id, arm: 'champion' } });
  }, SOON);
  expect(traffic.counts.failed).toBeGreaterThan(0);
  expect(troubles).toContainEqual(expect.objectContaining({ code: 'OBJECT_MISSING' }));

  await stop(id);
  await vi.waitFor(async () => {
    for (const each of ids) expect(await predict(each)).not.toHaveProperty('experiment');
  }, SOON);
});
