import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Services } from './services.ts';
import { freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { type TrainingWish, planTicker, trainingPlan } from './planning.ts';
import { vantageOf } from './vantages.ts';

const refusal = (code: string) => expect.objectContaining({ code });

const MODEL = {
  datasetId: 'd',
  featureSet: 'daily-1',
  window: 'all',
  scaleTargets: true,
  embargo: 0,
  madeFrom: [],
  parameters: {},
  seed: 7,
  codeVersion: 'code-1',
  backend: 'typescript',
  nTrainingRows: 90,
  trainedAt: '2013-03-01T12:00:00.000Z',
} as const;

describe('a plan', () => {
  it('has defaults for everything but the seed', () => {
    expect(trainingPlan({ seed: 7 })).toEqual({
      horizons: [1, 10],
      kinds: [
        ...['naive', 'drift', 'linear', 'random-forest', 'lstm', 'ensemble'],
        ...['pooled-linear', 'pooled-random-forest', 'pooled-lstm', 'pooled-ensemble'],
      ],
      baselines: ['naive', 'drift'],
      pooledKinds: ['pooled-linear', 'pooled-random-forest', 'pooled-lstm'],
      members: {
        ensemble: ['random-forest', 'lstm'],
        'pooled-ensemble': ['pooled-random-forest', 'pooled-lstm'],
      },
      window: 504,
      scaleTargets: true,
      embargo: 0,
      seed: 7,
      requireApproval: false,
      parameters: {},
      parking: { onBadData: 'park', onFailedGate: 'fallback', giveUpAfterMs: 259_200_000 },
    });
  });

  it('has the baselines beside whatever is asked for, and nothing twice', () => {
    const plan = trainingPlan({ seed: 7, kinds: ['linear', 'naive', 'linear'], horizons: [10, 1, 10] });
    expect(plan).toMatchObject({
      kinds: ['naive', 'drift', 'linear'],
      baselines: ['naive', 'drift'],
      horizons: [1, 10],
      pooledKinds: [],
      members: {},
    });
  });

  it('has the members of an ensemble that is asked for', () => {
    expect(trainingPlan({ seed: 7, kinds: ['ensemble'] })).toMatchObject({
      kinds: ['naive', 'drift', 'random-forest', 'lstm', 'ensemble'],
      members: { ensemble: ['random-forest', 'lstm'] },
    });
  });

  it('is refused for a kind that there is not, parameters that do not fit, and no horizon', () => {
    expect(() => trainingPlan({ seed: 7, kinds: ['lstn'] })).toThrow(refusal('MODEL_KIND_UNKNOWN'));
    expect(() => trainingPlan({ seed: 7, parameters: { lstn: {} } })).toThrow(refusal('MODEL_KIND_UNKNOWN'));
    const parameters = { 'random-forest': { nTrees: -1 } };
    expect(() => trainingPlan({ seed: 7, parameters })).toThrow(refusal('PARAMETER_INVALID'));
    expect(() => trainingPlan({ seed: 7, horizons: [] })).toThrow(refusal('REQUEST_INVALID'));
  });
});

describe('a planned run', () => {
  let on: TestServices;
  beforeAll(async () => {
    on = await openServices();
  });
  afterAll(() => on.close());

  const record = (id: string) => ({ id, source: `${id}.csv`, acceptedRows: 1, rejectedRows: 0, report: [] });
  const bars = (n: number) => sampleBars('MSFT').slice(-n);
  const plan = (context: ReturnType<typeof freshContext>, wish: Partial<TrainingWish> = {}, services?: Services) =>
    planTicker(services ?? on.services, context, {
      ticker: 'MSFT',
      vantage: vantageOf(context),
      plan: trainingPlan({ seed: 7, horizons: [1], ...wish }),
      live: true,
    });

  it('has an id that says what it does, the same for equal data, plan and code', async () => {
    const context = freshContext();
    await on.services.bars.merge(context, record('a'), [bars(100)], []);
    const first = await plan(context);
    expect(first).toMatchObject({ ticker: 'MSFT', lastSession: bars(1)[0]!.date });
    expect(first.workflowId).toMatch(new RegExp(`^train/${context.tenant}/MSFT/${first.lastSession}/[0-9a-f]{6,}$`));
    await on.services.bars.merge(context.at('2013-04-01T12:00:00.000Z'), record('again'), [bars(100)], []);
    expect(await plan(context)).toEqual(first);
    const some = await plan(context, { kinds: ['random-forest', 'linear'] });
    expect(await plan(context, { kinds: ['linear', 'random-forest', 'linear'] })).toEqual(some);
    // What it does while it waits for a person decides nothing about it.
    const parking = { onBadData: 'fail', onFailedGate: 'park', giveUpAfterMs: 1 } as const;
    expect(await plan(context, { parking })).toEqual(first);
  });

  it('has another id for other data, events, plan or code', async () => {
    const context = freshContext();
    await on.services.bars.merge(context, record('a'), [bars(100)], []);
    const ids = [(await plan(context)).workflowId];
    for (const wish of [{ seed: 8 }, { horizons: [2] }, { window: 'all' as const }, { kinds: ['linear'] }]) {
      ids.push((await plan(context, wish)).workflowId);
    }
    ids.push((await plan(context, {}, { ...on.services, codeVersion: 'code-2' })).workflowId);
    const [oldest] = bars(100);
    await on.services.bars.merge(context, record('b'), [[{ ...oldest!, volume: oldest!.volume + 1 }]], []);
    ids.push((await plan(context)).workflowId);
    const dividend = { ticker: 'MSFT', date: oldest!.date, kind: 'dividend', value: 0.1 } as const;
    await on.services.bars.merge(context, record('c'), [], [dividend]);
    ids.push((await plan(context)).workflowId);
    expect(new Set(ids).size).toBe(8);
  });

  it('is refused at once when the longest horizon needs more sessions, and says how many', async () => {
    const context = freshContext();
    await on.services.bars.merge(context, record('a'), [bars(60)], []);
    await expect(plan(context, { horizons: [1, 10] })).resolves.toMatchObject({ ticker: 'MSFT' });
    await expect(plan(context, { horizons: [1, 11] })).rejects.toThrow('MSFT has 60 sessions, at least 62 are needed');
    await on.services.bars.merge(context, record('b'), [bars(62)], []);
    await expect(plan(context, { horizons: [1, 11] })).resolves.toMatchObject({ ticker: 'MSFT' });
    const early = freshContext();
    await on.services.bars.merge(early, record('a'), [bars(59)], []);
    await expect(plan(early)).rejects.toThrow('MSFT has 59 sessions, at least 60 are needed');
  });

  it('has another id for a live run than for one as of a date that sees the same', async () => {
    const context = freshContext();
    await on.services.bars.merge(context, record('a'), [bars(100)], []);
    const request = { ticker: 'MSFT', vantage: vantageOf(context), plan: trainingPlan({ seed: 7, horizons: [1] }) };
    const live = await planTicker(on.services, context, { ...request, live: true });
    const asOf = await planTicker(on.services, context, { ...request, live: false });
    expect(asOf.lastSession).toBe(live.lastSession);
    expect(asOf.workflowId).not.toBe(live.workflowId);
  });

  it('has no session for a ticker of which nothing can be seen yet, and says so', async () => {
    const context = freshContext();
    await on.services.bars.merge(context, record('a'), [bars(100)], []);
    const request = { ticker: 'MSFT', plan: trainingPlan({ seed: 7, horizons: [1] }), live: false };
    const early = planTicker(on.services, context, { ...request, vantage: vantageOf(context, '2001-01-02') });
    await expect(early).rejects.toMatchObject({
      code: 'TOO_FEW_SESSIONS',
      message: expect.stringContaining('MSFT has 0 sessions up to 2001-01-02, at least 60 are needed'),
      details: { sessions: 0 },
    });
  });

  it('stands while what it chose is in production and its object there', async () => {
    const context = freshContext();
    await on.services.bars.merge(context, record('a'), [bars(100)], []);
    const { workflowId, stands } = await plan(context);
    expect(stands).toBe(false);
    const enter = async (runId: string, executionId: string, modelId: string) => {
      const asOf = bars(1)[0]!.date;
      const named = { ticker: 'MSFT', horizon: 1, kind: 'naive', asOf, runId };
      const objectKey = `models/MSFT/${modelId}.json`;
      await on.services.registry.register(context, { ...MODEL, ...named, id: modelId, objectKey });
      const decision = { modelId, reasons: [], principal: 'tester', executionId, live: true };
      await on.services.ledger.enter(context, { ...named, ...decision });
      return () => on.services.objects.put(context, objectKey, new Uint8Array([1]));
    };
    const putObject = await enter(workflowId, 'first', 'chosen');
    expect((await plan(context)).stands).toBe(false);
    await putObject();
    expect((await plan(context)).stands).toBe(true);
    expect((await plan(context, { horizons: [1, 2] })).stands).toBe(false);
    expect((await plan(context, { seed: 8 })).stands).toBe(false);

    await (await enter('other run', 'other', 'other'))();
    expect((await plan(context)).stands).toBe(false);
    await enter(workflowId, 'second', 'chosen');
    expect((await plan(context)).stands).toBe(true);
  });

  it('needs prices of the ticker', async () => {
    await expect(plan(freshContext())).rejects.toThrow(refusal('TICKER_UNKNOWN'));
  });
});
