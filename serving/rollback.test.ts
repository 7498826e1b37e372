import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelVersion } from '../domain/model-version.ts';
import { MemoryCache } from '../stores/cache/memory-cache.ts';
import { PostgresChanges } from '../stores/changes/postgres-changes.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { ChangeWatch } from './change-watch.ts';
import { forecast } from './forecasting.ts';
import { CachedForecasts } from './forecasts.ts';
import { modelHistory } from './model-history.ts';
import { planTicker, trainingPlan } from './planning.ts';
import { enterPromotion } from './promotion.ts';
import { rollBack } from './rollback.ts';
import { vantageOf } from './vantages.ts';

const BARS = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01' && date <= '2013-02-22');
const KINDS = ['naive', 'drift', 'linear'];

let on: TestServices;
let context: TestContext;
let [naive, drift, linear]: ModelVersion[] = [];

beforeAll(async () => {
  on = await openServices();
  context = freshContext().at('2013-02-23T12:00:00.000Z');
  const record = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
  await on.services.bars.merge(context, record, [BARS], []);
  await trainDirectly(on.services, context, { ticker: 'MSFT', horizon: 10, kinds: KINDS });
  const { registry } = on.services;
  [naive, drift, linear] = (await Promise.all(KINDS.map((kind) => registry.newest(context, 'MSFT', 10, kind)))).map(
    (model) => model!,
  );
});
afterAll(() => on.close());

const request = { ticker: 'MSFT', horizon: 10, reason: 'it jumps' };
const serves = async () => (await on.services.ledger.production(context, 'MSFT', 10))!.modelId;
const back = (more: Partial<Parameters<typeof rollBack>[2]> = {}) =>
  rollBack(on.services, context, { ...request, ...more });

/** Enters a live promotion, as a run that chose the model does. */
const promote = (model: ModelVersion, runId: string) =>
  on.services.ledger.enter(context, {
    ...{ ticker: 'MSFT', horizon: 10, asOf: '2013-02-22', modelId: model.id, kind: model.kind },
    ...{ reasons: ['it passed'], principal: 'nightly', runId, executionId: runId, live: true },
  });

describe.sequential('a rollback', () => {
  it('is refused while there is nothing to go back to', async () => {
    expect(await serves()).toBe(naive!.id);
    await expect(back()).rejects.toMatchObject({
      code: 'ROLLBACK_REFUSED',
      message: expect.stringMatching(`naive ${naive!.id} is the first model that serves, .* --to`),
    });
    await expect(back({ to: 'lstm' })).rejects.toMatchObject({
      code: 'ROLLBACK_REFUSED',
      message: expect.stringContaining('no lstm model is registered'),
    });
    expect(await back({ to: 'naive' })).toMatchObject({ moved: false, model_id: naive!.id });
    await expect(back({ horizon: 1 })).rejects.toMatchObject({
      code: 'ROLLBACK_REFUSED',
      message: expect.stringContaining('nothing serves yet'),
    });
    await expect(back({ ticker: 'ZZZZ' })).rejects.toMatchObject({ code: 'TICKER_UNKNOWN' });
    await expect(back({ reason: ' ' })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      details: { field: 'reason' },
    });
    await expect(back({ by: '' })).rejects.toMatchObject({ code: 'REQUEST_INVALID', details: { field: 'by' } });
  });

  it('is refused to a model that never served and did not pass, and to none at all', async () => {
    expect(drift!.certificate?.passed).toBe(false);
    await expect(back({ to: drift!.id })).rejects.toMatchObject({
      code: 'ROLLBACK_REFUSED',
      message: expect.stringContaining('never served and has no certificate'),
    });
    await expect(back({ to: 'f'.repeat(64) })).rejects.toMatchObject({
      message: expect.stringContaining('no model f'),
    });
    for (const to of ['', 'abc', '%']) {
      await expect(back({ to })).rejects.toMatchObject({
        message: expect.stringContaining('neither the id of a model'),
      });
    }
  });

  it('lets what served before serve at once, without training, and once however often it is asked for', async () => {
    await promote(linear!, 'run-1');
    const trained = await on.services.registry.standings(context, 'MSFT', 10);
    expect((await forecast(on.services, context, { ticker: 'MSFT', horizon: 10 })).kind).toBe('linear');
    context.at('2013-02-23T13:00:00.000Z');
    const [one, other] = await Promise.all([back({ by: 'Ada' }), back({ by: 'Ada' })]);
    expect(one).toEqual({
      promotion_id: expect.stringMatching(/^promotion-\d+$/),
      ticker: 'MSFT',
      horizon: 10,
      moved: true,
      model: 'naive',
      model_id: naive!.id,
      from_model_id: linear!.id,
      certificate_id: naive!.certificate!.id,
      at: '2013-02-23T13:00:00.000Z',
      principal: 'Ada',
      reasons: [`Rolled back by Ada from linear ${linear!.id}: it jumps`],
    });
    expect({ ...other, moved: true }).toEqual(one);
    context.at('2013-02-23T14:00:00.000Z');
    expect(await back({ by: 'Ada' })).toEqual({ ...one, moved: false });
    expect(await serves()).toBe(naive!.id);
    expect((await forecast(on.services, context, { ticker: 'MSFT', horizon: 10 })).kind).toBe('naive');
    expect(await on.services.registry.standings(context, 'MSFT', 10)).toEqual(trained);
    expect((await on.services.ledger.history(context, 'MSFT')).filter(({ isRollback }) => isRollback)).toHaveLength(1);
  });

  it('is not undone by a run of before that is made once more, but by one that decides anew', async () => {
    const decision = {
      ...{ horizon: 10, modelId: linear!.id, kind: 'linear', fallback: false, reasons: [] },
      certificateId: 'c'.repeat(64),
      otherwise: { modelId: naive!.id, kind: 'naive' },
    };
    const entry = { ticker: 'MSFT', asOf: '2013-02-22', live: true, decision };
    const again = { ...entry, runId: 'run-1', executionId: 'run-1 once more' };
    const stays = { horizon: 10, modelId: naive!.id, kind: 'naive', movedLive: false };
    expect(await enterPromotion(on.services, context, again)).toEqual(stays);
    expect(await serves()).toBe(naive!.id);
    const corrected = { ...again, executionId: 'run-1 on corrected data', corrected: true };
    expect(await enterPromotion(on.services, context, corrected)).toMatchObject({ modelId: linear!.id });
    expect(await serves()).toBe(linear!.id);
    await back({ to: naive!.id });
    const verdict = { approve: true, by: 'Ada', reason: 'it jumps no more', horizon: 10 };
    const approved = { ...again, executionId: 'run-1 approved', verdict };
    expect(await enterPromotion(on.services, context, approved)).toMatchObject({ modelId: linear!.id });
    expect(await serves()).toBe(linear!.id);
    await back({ to: naive!.id });
    const another = { ...entry, runId: 'run-2', executionId: 'run-2' };
    expect(await enterPromotion(on.services, context, another)).toMatchObject({ modelId: linear!.id, movedLive: true });
    await back({ to: naive!.id });
  });

  it('is heard of by every process that holds forecasts', async () => {
    await back({ to: linear!.id });
    const replicas = await Promise.all(
      [0, 1].map(async () => {
        const near = new MemoryCache();
        const watch = new ChangeWatch([near]);
        const changes = new PostgresChanges(on.databaseUrl);
        changes.listen(watch);
        await watch.heard;
        const forecasts = new CachedForecasts(on.services, { near }, watch);
        const answered = async () => (await forecasts.get(context, { ticker: 'MSFT', horizon: 10 })).value.kind;
        return { answered, close: () => changes.close() };
      }),
    );
    try {
      for (const { answered } of replicas) expect(await answered()).toBe('linear');
      await back({ to: naive!.id });
      for (const { answered } of replicas) await expect.poll(answered, { timeout: 30_000 }).toBe('naive');
    } finally {
      for (const { close } of replicas) await close();
    }
  });

  it('goes to a named model that has served, by the beginning of its id', async () => {
    expect(await back({ to: linear!.id.slice(0, 12) })).toMatchObject({ moved: true, model_id: linear!.id });
    expect(await back({ to: linear!.id })).toMatchObject({ moved: false, model_id: linear!.id });
    expect(await back({ to: naive!.id })).toMatchObject({ moved: true, model_id: naive!.id });
  });

  it('goes to a named model that passed the gate though it never served', async () => {
    await on.services.registry.recordCertificate(context, drift!.id, { id: 'e'.repeat(64), passed: true });
    const answer = await back({ to: drift!.id });
    expect(answer).toMatchObject({ moved: true, model: 'drift', certificate_id: 'e'.repeat(64) });
    await back({ to: naive!.id });
  });

  it('is no outcome that asking for the same run again undoes, and new data may promote again', async () => {
    const plan = trainingPlan({ seed: 7, horizons: [10], kinds: ['linear'] });
    const planned = () =>
      planTicker(on.services, context, { ticker: 'MSFT', vantage: vantageOf(context), plan, live: true });
    const { workflowId } = await planned();
    await promote(linear!, workflowId);
    expect(await planned()).toMatchObject({ workflowId, stands: true });
    context.at('2013-02-23T15:00:00.000Z');
    await back();
    expect(await serves()).toBe(naive!.id);
    expect(await planned()).toMatchObject({ workflowId, stands: true });
    await on.services.ledger.enter(context, {
      ...{ ticker: 'MSFT', horizon: 10, asOf: '2013-02-25', modelId: 'd'.repeat(64), kind: 'linear' },
      ...{ reasons: ['it passed'], principal: 'nightly', runId: 'next', executionId: 'next', live: true },
    });
    expect(await serves()).toBe('d'.repeat(64));
    expect(await planned()).toMatchObject({ workflowId, stands: false });
  });

  it('holds against a rejection that was decided before it', async () => {
    await back({ to: naive!.id });
    const chosen = { modelId: drift!.id, kind: 'drift' };
    const decision = {
      ...{ horizon: 10, ...chosen, fallback: false, certificateId: 'e'.repeat(64), reasons: [] },
      otherwise: { modelId: linear!.id, kind: 'linear' },
    };
    const verdict = { horizon: 10, approve: false, by: 'Ada', reason: 'no' };
    const entry = { runId: 'r', executionId: 'r', live: true, ticker: 'MSFT', asOf: '2013-02-25', decision, verdict };
    expect(await enterPromotion(on.services, context, entry)).toMatchObject({ modelId: naive!.id, movedLive: false });
    expect(await serves()).toBe(naive!.id);
  });

  it('is refused to a model whose object is lost', async () => {
    rmSync(join(on.objectsDir, context.tenant, linear!.objectKey));
    await expect(back({ to: linear!.id })).rejects.toMatchObject({
      code: 'ROLLBACK_REFUSED',
      message: expect.stringContaining(`its object ${linear!.objectKey} is missing`),
    });
    expect(await serves()).toBe(naive!.id);
  });
});

describe('the history of what served', () => {
  let past: TestContext;
  const enter = (modelId: string, asOf: string, at: string, more: { live?: boolean; horizon?: number } = {}) => {
    past.at(at);
    return on.services.ledger.enter(past, {
      ...{ ticker: 'MSFT', horizon: 10, asOf, modelId, kind: 'linear', reasons: [`why ${modelId}`], live: true },
      ...{ principal: 'nightly', runId: `run ${modelId}`, executionId: `run ${modelId} ${asOf}`, ...more },
    });
  };
  const history = (asked: { on?: string; horizon?: number } = {}) =>
    modelHistory(on.services, past, { ticker: 'MSFT', ...asked });

  beforeAll(async () => {
    past = freshContext();
    const record = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
    await on.services.bars.merge(past, record, [BARS], []);
    await enter('a', '2013-02-01', '2013-02-02T12:00:00.000Z');
    await enter('b', '2013-02-08', '2013-02-09T03:00:00.000Z');
    await enter('b', '2013-02-11', '2013-02-12T12:00:00.000Z');
    await enter('z', '2013-02-04', '2013-02-13T12:00:00.000Z', { live: false });
    past.at('2013-02-14T12:00:00.000Z');
    const to = { modelId: 'a', kind: 'linear' };
    const why = { reasons: ['it jumps'], principal: 'Ada' };
    await on.services.ledger.rollBack(past, { ticker: 'MSFT', horizon: 10, from: 'b', to, ...why });
    await enter('h', '2013-02-14', '2013-02-15T12:00:00.000Z', { horizon: 1 });
  });

  it('tells since when and until when each model served, why and for whom', async () => {
    const { entries, as_of: asOf } = await history({ horizon: 10 });
    expect(asOf).toEqual([]);
    expect(entries.map(({ model_id, served, live, rollback }) => ({ model_id, served, live, rollback }))).toEqual([
      { model_id: 'a', served: { since: '2013-02-14T12:00:00.000Z', until: null }, live: true, rollback: true },
      { model_id: 'z', served: null, live: false, rollback: false },
      { model_id: 'b', served: null, live: true, rollback: false },
      {
        model_id: 'b',
        served: { since: '2013-02-09T03:00:00.000Z', until: '2013-02-14T12:00:00.000Z' },
        live: true,
        rollback: false,
      },
      {
        model_id: 'a',
        served: { since: '2013-02-02T12:00:00.000Z', until: '2013-02-09T03:00:00.000Z' },
        live: true,
        rollback: false,
      },
    ]);
    expect(entries[0]).toMatchObject({ principal: 'Ada', reasons: ['it jumps'], run_id: null, from_model_id: 'b' });
    expect(entries[3]).toMatchObject({ principal: 'nightly', reasons: ['why b'], run_id: 'run b' });
    expect((await history()).entries).toHaveLength(6);
  });

  it('tells what served on a day in New York, and what was in production as of it', async () => {
    const onDay = async (day: string) => {
      const { entries, as_of: asOf } = await history({ on: day });
      return [entries.map(({ model_id: id }) => id), asOf.map(({ model_id: id }) => id)];
    };
    expect(await onDay('2013-02-01')).toEqual([[], ['a']]);
    expect(await onDay('2013-02-04')).toEqual([['a'], ['z']]);
    // At three in the morning in London it is the day before in New York.
    expect(await onDay('2013-02-08')).toEqual([['b', 'a'], ['b']]);
    expect(await onDay('2013-02-09')).toEqual([['b'], ['b']]);
    expect(await onDay('2013-02-14')).toEqual([
      ['a', 'b'],
      ['h', 'a'],
    ]);
    expect(await onDay('2013-02-15')).toEqual([
      ['h', 'a'],
      ['h', 'a'],
    ]);
  });

  it('refuses days that are none or have not come, and tickers that are unknown', async () => {
    await expect(history({ on: '2013-02-30' })).rejects.toMatchObject({ code: 'DATE_INVALID' });
    await expect(history({ on: '2013-02-16' })).rejects.toMatchObject({ code: 'DATE_INVALID' });
    await expect(modelHistory(on.services, past, { ticker: 'ZZZZ' })).rejects.toMatchObject({ code: 'TICKER_UNKNOWN' });
  });
});
