import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../domain/context.ts';
import type { Evaluation } from '../domain/evaluation.ts';
import { EVALUATION } from '../tests/an-evaluation.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { type ComparisonRequest, compareModels } from './comparison.ts';
import { certificateKey } from './object-keys.ts';

const context = { tenant: 'default', principal: 'tester', clock: systemClock };
const REQUEST = { ticker: 'AAPL', horizon: 10 };
let on: TestServices;

/** A version that was only registered, with a ratio to naive or without an evaluation. */
async function register(kind: string, id: string, ratio?: number, passed?: boolean) {
  const { registry } = on.services;
  const real = (await registry.newest(context, 'AAPL', 10, 'naive'))!;
  const { version: _, evaluation: __, certificate: ___, ...model } = real;
  // Versions that were trained as of an earlier date, on other data.
  await registry.register(context, { ...model, id, kind, datasetId: 'elsewhere', asOf: '2012-01-03' });
  const evaluation: Evaluation = { ...EVALUATION, rmseRatioToNaive: ratio ?? Number.NaN };
  if (ratio !== undefined) await registry.recordEvaluation(context, id, evaluation);
  if (passed !== undefined) await registry.recordCertificate(context, id, { id: 'f'.repeat(64), passed });
}

beforeAll(async () => {
  on = await openServices();
  await takeInTestUniverse(on.services, context);
  await trainDirectly(on.services, context, { ...REQUEST, kinds: ['naive', 'drift', 'linear'] });
  await register('linear', 'old-good', 0.5);
  await register('random-forest', 'staged-worse', 0.98, true);
  await register('lstm', 'staged-better', 0.97, true);
  await register('ensemble', 'not-evaluated');
}, 60_000);
afterAll(() => on?.close());

const compare = (more: Partial<ComparisonRequest> = {}) => compareModels(on.services, context, { ...REQUEST, ...more });

test('what serves comes first, then what passed the gate, then the rest, each by its ratio to naive', async () => {
  const { models, total, promoted, reasons, next_offset: next } = await compare();
  expect([total, next]).toEqual([7, null]);
  const serving = await on.services.ledger.production(context, 'AAPL', 10);
  expect([promoted, reasons]).toEqual([serving!.kind, serving!.reasons]);
  expect(models[0]).toMatchObject({ model_id: serving!.modelId, stage: 'production' });
  const rest = models.slice(1);
  expect(rest.slice(0, 3).map(({ model_id: id, stage }) => `${id} ${stage}`)).toEqual([
    'staged-better staging',
    'staged-worse staging',
    'old-good development',
  ]);
  const trained = rest.slice(3, 5).map(({ metrics }) => metrics!.rmse_ratio_to_naive);
  expect(trained).toEqual([...trained].sort((a, b) => a - b));
  expect(rest.at(-1)).toMatchObject({ model_id: 'not-evaluated', metrics: null, pictures: [], certificate: null });
  expect(rest.at(-1)!.notes[0]).toBe('Not evaluated.');
});

test('naive stands beside every figure, of the very same days or not at all', async () => {
  const { models } = await compare();
  const of = (kind: string) =>
    models.find(({ model, as_of: asOf }) => model === kind && asOf === '2013-03-01')!.metrics!;
  const [naive, linear] = [of('naive'), of('linear')];
  expect(linear.naive_errors).toEqual(naive.errors);
  expect(linear.intervals.map((interval) => interval.naive)).toEqual(naive.intervals.map(({ model }) => model));
  expect(linear.rmse_ratio_to_naive).toBeCloseTo(linear.errors.rmse / naive.errors.rmse, 12);
  const elsewhere = models.find(({ model_id: id }) => id === 'old-good')!.metrics!;
  expect(elsewhere.intervals.map((interval) => interval.naive)).toEqual([null, null]);
});

test('each kind forecasts now with the version that answers for it', async () => {
  const { models } = await compare();
  for (const kind of ['naive', 'drift', 'linear']) {
    const model = models.find((each) => each.model === kind && each.as_of === '2013-03-01')!;
    expect(model.prediction).toMatchObject({ model: kind, model_id: model.model_id, ticker: 'AAPL', horizon: 10 });
  }
  expect(models.find(({ model_id: id }) => id === 'old-good')!.prediction).toBeNull();
});

test('pages follow each other without a gap or a repetition', async () => {
  const whole = (await compare()).models.map(({ model_id: id }) => id);
  const paged: string[] = [];
  let offset: number | null = 0;
  while (offset !== null) {
    const page: Awaited<ReturnType<typeof compare>> = await compare({ limit: 3, offset });
    expect(page.models.length).toBeLessThanOrEqual(3);
    paged.push(...page.models.map(({ model_id: id }) => id));
    offset = page.next_offset;
  }
  expect(paged).toEqual(whole);
  expect(await compare({ offset: 50 })).toMatchObject({ models: [], total: 7, next_offset: null });
});

test('a lost certificate is told beside its model and hides no other', async () => {
  const before = (await compare()).models.find(
    ({ model, as_of: asOf }) => model === 'linear' && asOf === '2013-03-01',
  )!;
  expect(before.certificate!.reasons.length).toBeGreaterThan(0);
  rmSync(join(on.objectsDir, 'default', certificateKey(before.certificate!.id)));
  const { models } = await compare();
  const after = models.find(({ model_id: id }) => id === before.model_id)!;
  expect(after.notes).toContainEqual(expect.stringContaining(`There is no certificate ${before.certificate!.id}`));
  expect(after.metrics).toEqual(before.metrics);
  expect(models).toHaveLength(7);
});

test('a ticker without prices or models is told so', async () => {
  await expect(compare({ ticker: 'ZZZZ' })).rejects.toMatchObject({ code: 'TICKER_UNKNOWN' });
  await expect(compare({ horizon: 1 })).rejects.toMatchObject({ code: 'MODEL_MISSING' });
});
