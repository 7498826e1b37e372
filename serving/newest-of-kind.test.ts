import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ModelVersion } from '../domain/model-version.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { certificateOf } from './certificates.ts';
import { startExperiment } from './experiments.ts';
import { forecast } from './forecasting.ts';
import { leaderboard } from './leaderboard.ts';
import { newestOfKind } from './newest-of-kind.ts';

const BARS = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01' && date <= '2013-02-22');
const of = { ticker: 'MSFT', horizon: 10 } as const;

let on: TestServices;
let context: TestContext;
let judged: ModelVersion;
beforeAll(async () => {
  on = await openServices();
  context = freshContext().at('2013-02-23T12:00:00.000Z');
  const ingest = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
  await on.services.bars.merge(context, ingest, [BARS], []);
  await trainDirectly(on.services, context, { ...of, kinds: ['naive', 'drift', 'linear'] });
  judged = (await on.services.registry.newest(context, 'MSFT', 10, 'linear'))!;
  const { version: _, evaluation: __, certificate: ___, ...entered } = judged;
  // As of a training that is still under way, or was cancelled before it came to its evaluation.
  await on.services.registry.register(context, { ...entered, id: 'a'.repeat(64), seed: 1 });
  await on.services.registry.register(context, { ...entered, id: 'b'.repeat(64), kind: 'random-forest' });
});
afterAll(() => on.close());

it('a kind means its newest version that was judged, so that a training under way hides none', async () => {
  const { services } = on;
  expect((await services.registry.newest(context, 'MSFT', 10, 'linear'))!.id).toBe('a'.repeat(64));
  expect((await newestOfKind(services, context, 'MSFT', 10, 'linear'))!.id).toBe(judged.id);
  expect((await forecast(services, context, { ...of, kind: 'linear' })).modelId).toBe(judged.id);
  const { certificate_id } = await certificateOf(services, context, { ...of, kind: 'linear' });
  expect(certificate_id).toBe(judged.certificate!.id);
  const [entry] = await leaderboard(services, context, ['MSFT'], [10]);
  expect(entry!.models.find(({ kind }) => kind === 'linear')!.modelId).toBe(judged.id);
  const serving = (await services.ledger.production(context, 'MSFT', 10))!;
  const challenger = serving.kind === 'linear' ? 'drift' : 'linear';
  const experiment = await startExperiment(services, context, {
    ...{ tickers: ['MSFT'], horizon: 10, challenger, mode: 'shadow' },
  });
  const expected = (await newestOfKind(services, context, 'MSFT', 10, challenger))!.id;
  expect(experiment.lines[0]!.challenger.modelId).toBe(expected);
});

it('where none was judged, its newest is meant, which the leaderboard leaves out', async () => {
  const { services } = on;
  expect((await newestOfKind(services, context, 'MSFT', 10, 'random-forest'))!.id).toBe('b'.repeat(64));
  expect(await newestOfKind(services, context, 'MSFT', 10, 'lstm')).toBeUndefined();
  const [entry] = await leaderboard(services, context, ['MSFT'], [10]);
  expect(entry!.models.map(({ kind }) => kind).sort()).toEqual(['drift', 'linear', 'naive']);
});
