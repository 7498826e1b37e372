import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ModelVersion } from '../domain/model-version.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { certificateOf } from './certificates.ts';
import { compareModels } from './comparison.ts';
import { startExperiment, stopExperiment } from './experiments.ts';
import { forecast } from './forecasting.ts';
import { leaderboard } from './leaderboard.ts';
import { newestOfKind } from './newest-of-kind.ts';
import { rollBack } from './rollback.ts';

const BARS = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01' && date <= '2013-02-22');
const of = { ticker: 'MSFT', horizon: 10 } as const;

let on: TestServices;
let context: TestContext;
/** The version that a run has come to its end with. */
let certified: ModelVersion;
/** One whose run is still under way, or was cancelled, when it was evaluated and nothing was decided yet. */
const EVALUATED = 'e'.repeat(64);
/** One that was trained and no more. */
const TRAINED = 'a'.repeat(64);
beforeAll(async () => {
  on = await openServices();
  context = freshContext().at('2013-02-23T12:00:00.000Z');
  const ingest = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
  await on.services.bars.merge(context, ingest, [BARS], []);
  await trainDirectly(on.services, context, { ...of, kinds: ['naive', 'drift', 'linear'] });
  const { registry } = on.services;
  certified = (await registry.newest(context, 'MSFT', 10, 'linear'))!;
  const { version: _, evaluation, certificate: __, ...entered } = certified;
  await registry.register(context, { ...entered, id: EVALUATED, seed: 1 });
  await registry.recordEvaluation(context, EVALUATED, evaluation!);
  await registry.register(context, { ...entered, id: TRAINED, seed: 2 });
  await registry.register(context, { ...entered, id: 'b'.repeat(64), kind: 'random-forest' });
});
afterAll(() => on.close());

const linear = { ...of, kind: 'linear' } as const;

it('a kind means its newest version that was evaluated, so that a training under way hides none', async () => {
  const { services } = on;
  expect((await services.registry.newest(context, 'MSFT', 10, 'linear'))!.id).toBe(TRAINED);
  expect((await newestOfKind(services, context, linear))!.id).toBe(EVALUATED);
  expect((await forecast(services, context, linear)).modelId).toBe(EVALUATED);
  const [entry] = await leaderboard(services, context, ['MSFT'], [10]);
  expect(entry!.models.find(({ kind }) => kind === 'linear')!.modelId).toBe(EVALUATED);
  const { models } = await compareModels(services, context, of);
  const answering = models.filter(({ model, prediction }) => model === 'linear' && prediction !== null);
  expect(answering.map(({ model_id }) => model_id)).toEqual([EVALUATED]);
});

it('and where a certificate is needed, its newest that has one', async () => {
  const { services } = on;
  const { certificate_id } = await certificateOf(services, context, linear);
  expect(certificate_id).toBe(certified.certificate!.id);
  expect((await newestOfKind(services, context, linear, 'certificate'))!.id).toBe(certified.id);
});

it('a rollback to a kind goes to one that has a certificate', async () => {
  const back = rollBack(on.services, context, { ...of, to: 'linear', by: 'ada', reason: 'to be seen' });
  // The gate refused it, which is known of the one with a certificate alone.
  await expect(back).rejects.toThrow(`linear ${certified.id} never served and has no certificate that it passed`);
});

it('where none was evaluated, its newest is meant, which the leaderboard leaves out', async () => {
  const { services } = on;
  const forest = { ...of, kind: 'random-forest' } as const;
  expect((await newestOfKind(services, context, forest))!.id).toBe('b'.repeat(64));
  expect(await newestOfKind(services, context, { ...of, kind: 'lstm' })).toBeUndefined();
  const [entry] = await leaderboard(services, context, ['MSFT'], [10]);
  expect(entry!.models.map(({ kind }) => kind).sort()).toEqual(['drift', 'linear', 'naive']);
  await expect(certificateOf(services, context, forest)).rejects.toMatchObject({ code: 'CERTIFICATE_UNKNOWN' });
});

it('a challenger by kind is one that may do what is asked of it', async () => {
  const { services } = on;
  const experiment = { tickers: ['MSFT'], horizon: 10, challenger: 'linear' } as const;
  const shadow = await startExperiment(services, context, { ...experiment, mode: 'shadow' });
  expect(shadow.lines[0]!.challenger.modelId).toBe(EVALUATED);
  await stopExperiment(services, context, shadow.id, { reason: 'seen' });
  const split = startExperiment(services, context, { ...experiment, mode: 'split', share: 0.5 });
  // It was refused by the gate, which only the one with a certificate can tell.
  await expect(split).rejects.toThrow(certified.id.slice(0, 12));
});
