import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addSessions } from '../domain/calendar.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { forecast, forecastWith } from './forecasting.ts';
import { tickersOnce } from './histories.ts';
import type { Services } from './services.ts';
import { vantageOf } from './vantages.ts';

const BARS = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01' && date <= '2013-02-22');
const LATER = sampleBars('MSFT').filter(({ date }) => date > '2013-02-22');
const LAST = '2013-02-22';

let on: TestServices;
let context: TestContext;
beforeAll(async () => {
  on = await openServices();
  context = freshContext().at('2013-02-23T12:00:00.000Z');
  await merge('a', BARS);
  await trainDirectly(on.services, context, { ticker: 'MSFT', horizon: 10, kinds: ['naive', 'drift', 'linear'] });
});
afterAll(() => on.close());

const merge = (id: string, bars: typeof BARS) =>
  on.services.bars.merge(context, { id, source: id, acceptedRows: 1, rejectedRows: 0, report: [] }, [bars], []);
const linear = { ticker: 'MSFT', horizon: 10, kind: 'linear' };

/** The services, with every call of one store's method counted. */
function counting<K extends 'bars' | 'objects'>(store: K, method: keyof Services[K]) {
  let calls = 0;
  const real = on.services[store];
  const watched = new Proxy(real, {
    get(target, name) {
      if (name === method) calls++;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { services: { ...on.services, [store]: watched }, calls: () => calls };
}

describe.sequential('a forecast', () => {
  it('speaks of the session so many sessions after the newest known one', async () => {
    const made = await forecast(on.services, context, linear);
    expect(made).toMatchObject({
      ...linear,
      originSession: LAST,
      targetSession: addSessions(LAST, 10),
      currentPrice: BARS.at(-1)!.close,
      madeAt: '2013-02-23T12:00:00.000Z',
    });
    expect(made.confidence).toBeGreaterThanOrEqual(0.5);
    expect(made.directionProbability).toBe(made.confidence);
    expect(made.certificateId).toMatch(/^[0-9a-f]{64}$/);
    const [narrow, wide] = made.intervals;
    expect([narrow!.level, wide!.level]).toEqual([0.8, 0.95]);
    expect(wide!.lower).toBeLessThan(narrow!.lower);
    expect(narrow!.lower).toBeLessThan(made.logReturn);
    expect(narrow!.upper).toBeGreaterThan(made.logReturn);
    expect(wide!.upper).toBeGreaterThan(narrow!.upper);
    expect(made.confidence).toBeLessThan(1);
    expect(made.baselineRatio).toBeGreaterThan(0);
  });

  it('is made once, and asked for again costs no look at the history or the model', async () => {
    const first = await forecast(on.services, context, linear);
    context.at('2013-02-24T12:00:00.000Z');
    const history = counting('bars', 'series');
    expect(await forecast(history.services, context, linear)).toEqual(first);
    expect(history.calls()).toBe(0);
    const asked = await Promise.all(Array.from({ length: 5 }, () => forecast(on.services, context, linear)));
    expect(new Set(asked.map(({ madeAt }) => madeAt))).toEqual(new Set([first.madeAt]));
  });

  it('stays what it was when a price behind it is restated', async () => {
    const first = await forecast(on.services, context, linear);
    await merge('restated', [{ ...BARS.at(-1)!, close: BARS.at(-1)!.low, volume: 1 }]);
    expect(await forecast(on.services, context, linear)).toEqual(first);
    await merge('as it was', [BARS.at(-1)!]);
  });

  it('is the promoted model’s unless a kind is named', async () => {
    const promoted = await on.services.ledger.production(context, 'MSFT', 10);
    const made = await forecast(on.services, context, { ticker: 'MSFT', horizon: 10 });
    expect(made.modelId).toBe(promoted!.modelId);
    expect((await forecast(on.services, context, { ...linear, kind: 'naive' })).logReturn).toBe(0);
    expect((await forecast(on.services, context, { ...linear, kind: 'naive' })).confidence).toBe(0.5);
  });

  it('is another one from a later session, and the earlier stays as it was', async () => {
    const first = await forecast(on.services, context, linear);
    await merge('later', LATER);
    context.at('2013-03-02T12:00:00.000Z');
    const later = await forecast(on.services, context, linear);
    expect(later.originSession).toBe(LATER.at(-1)!.date);
    const asOf = vantageOf(context, '2013-02-24');
    expect(await forecastWith(on.services, context, first.modelId, asOf)).toEqual(first);
  });

  it('as of an earlier day is made from what could be seen then', async () => {
    const { modelId } = await forecast(on.services, context, linear);
    const vantage = vantageOf(context, '2013-02-20');
    const then = await forecastWith(on.services, context, modelId, vantage);
    expect(then).toMatchObject({ originSession: '2013-02-20', targetSession: addSessions('2013-02-20', 10) });
    expect(then.currentPrice).toBe(BARS.find(({ date }) => date === '2013-02-20')!.close);
    expect(then.notes.join()).not.toContain('upload later prices');
  });

  it('says when later prices are to be had', async () => {
    context.at('2013-03-08T12:00:00.000Z');
    const { modelId } = await forecast(on.services, context, linear);
    const stale = await forecastWith(on.services, context, modelId, { ...vantageOf(context), asOf: '2013-02-17' });
    expect(stale.originSession).toBe('2013-02-15');
    expect(stale.notes.join()).not.toContain('upload later prices');
    const gap = freshContext().at('2013-03-08T12:00:00.000Z');
    const record = { id: 'a', source: 'a', acceptedRows: 1, rejectedRows: 0, report: [] };
    await on.services.bars.merge(gap, record, [BARS], []);
    await trainDirectly(on.services, gap, { ticker: 'MSFT', horizon: 1, kinds: ['naive', 'drift'] });
    const made = await forecast(on.services, gap, { ticker: 'MSFT', horizon: 1 });
    expect(made.notes).toContain('The newest known session is 2013-02-22; upload later prices for a current forecast.');
  });

  it('cannot be had of an unknown ticker, kind or model, and it is said why', async () => {
    await expect(forecast(on.services, context, { ...linear, ticker: 'GOOG' })).rejects.toMatchObject({
      code: 'TICKER_UNKNOWN',
      details: { known: ['MSFT'] },
    });
    await expect(forecast(on.services, context, { ...linear, kind: 'lstn' })).rejects.toMatchObject({
      code: 'MODEL_KIND_UNKNOWN',
    });
    await expect(forecast(on.services, context, { ...linear, horizon: 5 })).rejects.toMatchObject({
      code: 'MODEL_MISSING',
      details: { how: expect.stringContaining('/train/MSFT') },
    });
    await expect(forecastWith(on.services, context, 'f00', vantageOf(context))).rejects.toMatchObject({
      code: 'MODEL_MISSING',
    });
  });

  it('of many unknown tickers reads the known ones once', async () => {
    const { services, calls } = counting('bars', 'tickers');
    const tickers = tickersOnce(services, context);
    const asked = Array.from({ length: 20 }, (_, i) =>
      forecast(services, context, { ...linear, ticker: `X${i}` }, tickers),
    );
    const answers = await Promise.allSettled(asked);
    expect(answers.every((answer) => answer.status === 'rejected')).toBe(true);
    expect(calls()).toBe(1);
  });

  it('is not made by a model whose object is damaged, until it is whole again', async () => {
    const model = (await on.services.registry.newest(context, 'MSFT', 10, 'drift'))!;
    const whole = await on.services.objects.get(context, model.objectKey);
    await on.services.objects.put(context, model.objectKey, whole.slice(0, whole.length - 2));
    const drift = { ...linear, kind: 'drift' };
    await expect(forecast(on.services, context, drift)).rejects.toMatchObject({ code: 'OBJECT_DAMAGED' });
    await on.services.objects.put(context, model.objectKey, whole);
    expect((await forecast(on.services, context, drift)).kind).toBe('drift');
  });
});
