import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Forecast } from '../domain/forecast.ts';
import type { Model } from '../models/model.ts';
import { MemoryCache } from '../stores/cache/memory-cache.ts';
import { PostgresChanges } from '../stores/changes/postgres-changes.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { ChangeWatch } from './change-watch.ts';
import { type PreparedForecast, forecast, newestForecast } from './forecasting.ts';
import { CachedForecasts, ComputedForecasts, type Forecasts } from './forecasts.ts';
import { LoadedModels } from './loaded-models.ts';
import type { Services } from './services.ts';
import { warmUp } from './warm-up.ts';

const BARS = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01' && date <= '2013-02-22');
const [NEXT, AFTER_NEXT] = sampleBars('MSFT').filter(({ date }) => date > '2013-02-22');
const PROMOTED = { ticker: 'MSFT', horizon: 10 };
const KINDS = ['naive', 'drift', 'linear', 'random-forest', 'lstm', 'ensemble'];

let on: TestServices;
let context: TestContext;
let changes: PostgresChanges;
let cached: Forecasts;
let computed: Forecasts;
let near: MemoryCache;
let calls: string[];

beforeAll(async () => {
  on = await openServices();
  context = freshContext().at('2013-03-05T12:00:00.000Z');
  await merge('a', BARS);
  await trainDirectly(on.services, context, { ...PROMOTED, kinds: KINDS });
  near = new MemoryCache();
  const watch = new ChangeWatch([near]);
  changes = new PostgresChanges(on.databaseUrl);
  changes.listen(watch);
  await watch.heard;
  cached = new CachedForecasts(watched(), { near }, watch);
  computed = new ComputedForecasts(watched(), { near }, watch);
});
beforeEach(() => {
  calls = [];
});
afterAll(async () => {
  await changes.close();
  await on.close();
});

const merge = (id: string, bars: typeof BARS, events: Parameters<Services['bars']['merge']>[3] = []) =>
  on.services.bars.merge(context, { id, source: id, acceptedRows: 1, rejectedRows: 0, report: [] }, [bars], events);

/** As it is stored, where a zero has no sign. */
const written = (made: Forecast) => JSON.parse(JSON.stringify(made)) as unknown;

/** The services, with every call of a store written down. */
function watched(): Services {
  const watch = <T extends object>(store: T): T =>
    new Proxy(store, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          calls.push(String(name));
          return value.apply(target, args) as unknown;
        };
      },
    });
  const { bars, forecasts, registry, ledger, objects } = on.services;
  return {
    ...on.services,
    bars: watch(bars),
    forecasts: watch(forecasts),
    registry: watch(registry),
    ledger: watch(ledger),
    objects: watch(objects),
  };
}

describe.sequential('forecasts for requests', () => {
  it('are read once for 500 who ask at once, and then cost no call of a store', async () => {
    const all = await Promise.all(Array.from({ length: 500 }, () => cached.get(context, PROMOTED)));
    expect(new Set(all.map(({ value }) => value)).size).toBe(1);
    expect(calls.filter((name) => name === 'production')).toHaveLength(1);
    expect(cached.counts).toMatchObject({ loads: 1, miss: 500 });
    calls = [];
    expect(await cached.get(context, PROMOTED)).toMatchObject({ verdict: 'hit', value: all[0]!.value });
    expect(calls).toEqual([]);
    expect(all[0]!.value).toEqual(await newestForecast(on.services, context, PROMOTED));
  });

  it.each(KINDS)('of kind %s are computed for each request from what lies ready, to the same values', async (kind) => {
    const request = { ...PROMOTED, kind };
    const stored = await newestForecast(on.services, context, request);
    await computed.get(context, request);
    const [group, key] = [request.ticker, `ready/${request.horizon}/${kind}`];
    const { value: held, generation } = await near.lookup(context, group, key);
    const { value: prepared, readAt } = held as { value: PreparedForecast; readAt: number };
    let computations = 0;
    const model = () => {
      computations++;
      return prepared.model();
    };
    await near.put(context, group, key, { value: { ...prepared, model }, readAt }, 60_000, generation);
    calls = [];
    for (let round = 1; round <= 3; round++) {
      const { value, verdict } = await computed.get(context, request);
      expect([calls, verdict, computations]).toEqual([[], 'miss', round]);
      expect(written(value)).toEqual(written(stored));
    }
  });

  it.each([
    ['another model is promoted', () => promote('linear'), { kind: 'linear' }],
    ['a later session is taken in', () => merge('later', [NEXT!]), { originSession: NEXT!.date }],
  ] as const)('are read anew soon after %s', async (_what, change, expected) => {
    for (const forecasts of [cached, computed]) await forecasts.get(context, PROMOTED);
    await change();
    for (const forecasts of [cached, computed]) {
      await expect.poll(async () => (await forecasts.get(context, PROMOTED)).value).toMatchObject(expected);
      const { value } = await forecasts.get(context, PROMOTED);
      expect(written(value)).toEqual(written(await newestForecast(on.services, context, PROMOTED)));
    }
  });

  it.each([
    ['a bar is restated', () => merge('restated', [{ ...BARS.at(-9)!, volume: 1 }])],
    [
      'an event is learnt',
      () => merge('e', [], [{ ticker: 'MSFT', date: '2013-02-19', kind: 'dividend', value: 0.23 }]),
    ],
    [
      'a model is evaluated',
      async () => {
        const model = (await on.services.registry.newest(context, 'MSFT', 10, 'linear'))!;
        await on.services.registry.recordEvaluation(context, model.id, model.evaluation!);
      },
    ],
  ] as const)('are outdated when %s, those of other tenants are not', async (_what, change) => {
    const other = freshContext();
    const loads = cached.counts.loads;
    await cached.get(context, PROMOTED);
    await expect(cached.get(other, PROMOTED)).rejects.toMatchObject({ code: 'TICKER_UNKNOWN' });
    await change();
    await expect.poll(async () => (await cached.get(context, PROMOTED)).verdict).toBe('miss');
    expect(cached.counts.loads).toBeGreaterThan(loads);
    expect(await cached.get(context, PROMOTED)).toMatchObject({ verdict: 'hit' });
  });

  it('that a restated price would change stay as they are stored', async () => {
    const stored = await forecast(on.services, context, { ...PROMOTED, kind: 'linear' });
    await merge('restated newest', [{ ...NEXT!, close: NEXT!.low, volume: 1 }]);
    await expect.poll(async () => (await cached.get(context, PROMOTED)).verdict).toBe('miss');
    const { value } = await computed.get(context, { ...PROMOTED, kind: 'linear' });
    expect(value.logReturn).toBe(stored.logReturn);
    expect(value.intervals).toEqual(stored.intervals);
  });

  it('count as current for two seconds while changes cannot be heard, then are read anew', async () => {
    let now = 1_000_000;
    const near = new MemoryCache();
    const watch = new ChangeWatch([near], () => now);
    expect(watch.freshUntil(now)).toBe(now + 2000);
    watch.hearing();
    expect(watch.freshUntil(now)).toBe(Number.POSITIVE_INFINITY);
    now += 5000;
    watch.lost();
    expect(watch.freshUntil(1_000_000)).toBe(now + 2000);
    const { generation } = await near.lookup(context, 'MSFT', 'a');
    await near.put(context, 'MSFT', 'a', 1, 1000, generation);
    watch.hearing();
    expect(await near.lookup(context, 'MSFT', 'a')).toMatchObject({ value: 1, current: false });
  });

  it('of the promoted models are ready after the warm-up', async () => {
    await merge('newest', [AFTER_NEXT!]);
    const near = new MemoryCache();
    const watch = new ChangeWatch([near]);
    watch.hearing();
    const fresh = new CachedForecasts(watched(), { near }, watch);
    const loaded = new LoadedModels<Model>();
    const warm = warmUp({ ...on.services, loaded }, fresh, context, { signal: new AbortController().signal });
    expect(warm.state).toBe('running');
    await warm.finished;
    expect(warm).toMatchObject({ state: 'done', loaded: 1, failed: 0 });
    expect(await fresh.get(context, PROMOTED)).toMatchObject({ verdict: 'hit' });
    expect(loaded.counts.entries).toBeGreaterThan(0);
    const broken = { ...on.services, ledger: { serving: () => Promise.reject(new Error('away')) } } as never;
    const failing = warmUp(broken, fresh, context, { signal: new AbortController().signal });
    await failing.finished;
    expect(failing).toMatchObject({ state: 'failed', problem: 'away' });
  });
});

/** Enters a live promotion of the newest model of a kind. */
async function promote(kind: string): Promise<void> {
  const model = (await on.services.registry.newest(context, 'MSFT', 10, kind))!;
  await on.services.ledger.enter(context, {
    ...PROMOTED,
    asOf: model.asOf,
    modelId: model.id,
    kind,
    reasons: ['for a test'],
    principal: 'tester',
    runId: 'test',
    executionId: `test-${kind}`,
    live: true,
  });
}
