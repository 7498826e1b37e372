import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { closeOf, endOfDay, latestClosedSession } from '../domain/calendar.ts';
import { FEATURE_NAMES, WARM_UP } from '../models/features/feature-matrix.ts';
import { seededRandom } from '../models/random.ts';
import { MemoryCache } from '../stores/cache/memory-cache.ts';
import { PostgresChanges } from '../stores/changes/postgres-changes.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleBars, sampleEvents } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { ChangeWatch } from './change-watch.ts';
import { featureAnswer } from './feature-answer.ts';
import { materialiseFeatures, readFeatures } from './feature-sets.ts';
import { featuresSeenFrom, hotFeatures, newestFeatures } from './feature-store.ts';
import { forecast, forecastWith, prepareForecast } from './forecasting.ts';
import { pointInTime, valuesOf } from './point-in-time.ts';
import type { Services } from './services.ts';
import { snapshotTicker } from './snapshots.ts';
import { vantageOf } from './vantages.ts';

let on: TestServices;
beforeAll(async () => {
  on = await openServices();
});
afterAll(() => on.close());

const merge = (
  context: TestContext,
  id: string,
  bars: ReturnType<typeof sampleBars>,
  events: ReturnType<typeof sampleEvents> = [],
) => on.services.bars.merge(context, { id, source: id, acceptedRows: 1, rejectedRows: 0, report: [] }, [bars], events);

/** Numbers as their bits, so that not the last one may differ. */
const bits = (values: Float64Array) => Buffer.from(values.slice().buffer).toString('hex');

describe('offline and online features', () => {
  it('are the same to the last bit, for tickers and days with splits and dividends', async () => {
    const context = freshContext();
    // Of AAPL two splits and a dividend, of the others dividends and a split: the days before, of and after them.
    const days: Readonly<Record<string, readonly string[]>> = {
      AAPL: ['2000-06-20', '2000-06-21', '2000-06-22', '2005-02-25', '2005-02-28', '2005-03-01', '2012-08-09'],
      MSFT: ['2003-02-14', '2003-02-18', '2004-11-12', '2004-11-15', '2013-03-01'],
      IBM: ['2001-09-10', '2001-09-17', '2008-10-10', '2010-05-06'],
    };
    for (const ticker of Object.keys(days)) await merge(context, ticker, sampleBars(ticker), sampleEvents(ticker));
    const requests = Object.entries(days).flatMap(([ticker, dates]) =>
      dates.map((date) => ({ ticker, date, at: endOfDay(date) })),
    );
    expect(
      sampleEvents('AAPL')
        .filter(({ kind }) => kind === 'split')
        .map(({ date }) => date),
    ).toEqual(expect.arrayContaining(['2000-06-21', '2005-02-28']));

    const offline = await pointInTime(on.services, context, requests);
    for (const [i, { ticker, date, at }] of requests.entries()) {
      // The moment itself: the clock stands there, and nothing later is to be seen.
      const then = { ...context, clock: { now: () => new Date(at) } };
      const { features, session, datasetId } = await newestFeatures(on.services, then, ticker);
      expect([offline[i]!.ticker, offline[i]!.session], `${ticker} ${date}`).toEqual([ticker, session]);
      expect(session).toBe(date);
      expect(bits(offline[i]!.values), `${ticker} ${date}`).toBe(bits(valuesOf(features, features.dates.length - 1)));
      // The same numbers from another dataset: what came later changed none of them.
      expect(datasetId === offline[i]!.datasetId).toBe(date === '2013-03-01');
    }
    for (const ticker of Object.keys(days)) {
      const { key, manifest } = await snapshotTicker(on.services, context, ticker, vantageOf(context));
      const training = await readFeatures(
        on.services,
        context,
        ticker,
        (await materialiseFeatures(on.services, context, key)).key,
      );
      const online = await newestFeatures(on.services, context, ticker);
      expect(online.datasetId).toBe(manifest.id);
      expect(bits(training.X.values)).toBe(bits(online.features.X.values));
      for (const [i, request] of requests.entries()) {
        if (request.ticker !== ticker) continue;
        const row = training.dates.indexOf(request.date);
        expect(bits(valuesOf(training, row))).toBe(bits(offline[i]!.values));
      }
    }
  });
});

describe('features as they could be known at a moment', () => {
  const BARS = sampleBars('AAPL').slice(0, 120);

  it('count from the close of their session, and there are none before the first', async () => {
    const context = freshContext();
    await merge(context, 'a', BARS);
    const ask = async (...moments: Date[]) =>
      (
        await pointInTime(
          on.services,
          context,
          moments.map((at) => ({ ticker: 'AAPL', at: at.toISOString() })),
        )
      ).map((row) => row?.session);
    const [first, second] = [BARS[WARM_UP]!.date, BARS[WARM_UP + 1]!.date];
    const before = (date: string) => new Date(closeOf(date).getTime() - 1);
    expect(await ask(before(second), closeOf(second), before(first), closeOf(first), new Date(0))).toEqual([
      first,
      second,
      undefined,
      first,
      undefined,
    ]);
    expect(await ask(context.clock.now())).toEqual([BARS.at(-1)!.date]);
    expect(await pointInTime(on.services, context, [])).toEqual([]);
    await expect(pointInTime(on.services, context, [{ ticker: 'NONE', at: endOfDay(first) }])).rejects.toMatchObject({
      code: 'TICKER_UNKNOWN',
    });
  });

  it('are what online forecasts would have seen, whatever was restated when', async () => {
    const context = freshContext().at('2001-01-05T12:00:00.000Z');
    const changed = (i: number, factor: number) => ({ ...BARS[i]!, close: BARS[i]!.close * factor, high: 1000 });
    await merge(context, 'a', BARS, [{ ticker: 'AAPL', date: BARS[60]!.date, kind: 'dividend', value: 0.5 }]);
    await merge(context.at('2001-02-01T15:00:00.000Z'), 'b', [changed(40, 1.1), changed(110, 1.2)]);
    await merge(
      context.at('2001-03-01T15:00:00.000Z'),
      'c',
      [changed(40, 0.9)],
      [{ ticker: 'AAPL', date: BARS[60]!.date, kind: 'dividend', value: 1.5 }],
    );
    context.at('2013-03-01T12:00:00.000Z');
    expect(await on.services.bars.restatedAt(context, 'AAPL')).toEqual([
      '2001-02-01T15:00:00.000Z',
      '2001-03-01T15:00:00.000Z',
    ]);

    const random = seededRandom(7);
    const from = closeOf(BARS[WARM_UP]!.date).getTime();
    const to = new Date('2001-06-01').getTime();
    const moments = Array.from({ length: 60 }, () => new Date(from + random.next() * (to - from)).toISOString());
    const requests = [...moments, '2001-02-01T15:00:00.000Z', '2001-02-01T14:59:59.999Z'].map((at) => ({
      ticker: 'AAPL',
      at,
    }));
    const rows = await pointInTime(on.services, context, requests);
    for (const [i, { at }] of requests.entries()) {
      const vantage = { asOf: latestClosedSession(new Date(at)), knownAt: at };
      const { features } = await featuresSeenFrom(on.services, context, 'AAPL', vantage);
      expect(rows[i]!.session).toBe(features.dates.at(-1));
      expect(bits(rows[i]!.values), at).toBe(bits(valuesOf(features, features.dates.length - 1)));
    }
    expect(bits(rows.at(-1)!.values)).not.toBe(bits(rows.at(-2)!.values));
    // One matrix for each state of knowledge.
    expect(new Set(rows.map((row) => row!.datasetId)).size).toBe(3);
  });
});

describe.sequential('the newest features of a ticker', () => {
  const BARS = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01' && date <= '2013-02-22');
  const [NEXT, AFTER_NEXT] = sampleBars('MSFT').filter(({ date }) => date > '2013-02-22');
  let context: TestContext;
  let watch: ChangeWatch;
  let hot: Services;
  let readings = 0;

  beforeAll(async () => {
    context = freshContext().at('2013-03-05T12:00:00.000Z');
    await merge(context, 'a', BARS);
    for (const horizon of [1, 10]) {
      await trainDirectly(on.services, context, { ticker: 'MSFT', horizon, kinds: ['naive', 'drift', 'linear'] });
    }
    const near = new MemoryCache();
    watch = new ChangeWatch([near]);
    const bars = new Proxy(on.services.bars, {
      get(target, name) {
        if (name === 'series') readings++;
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    hot = { ...on.services, bars, hotFeatures: hotFeatures(near, watch) };
  });

  const asked = [1, 10].flatMap((horizon) =>
    ['naive', 'drift', 'linear'].map((kind) => ({ ticker: 'MSFT', horizon, kind })),
  );

  it('are computed once for all forecasts until prices change, and forecasts are the same as without', async () => {
    watch.hearing();
    const held = await Promise.all(asked.map((request) => forecast(hot, context, request)));
    for (const request of asked) await prepareForecast(hot, context, request);
    expect(readings).toBe(1);
    const unheld = { ...context, tenant: freshContext().tenant } as TestContext;
    await merge(unheld, 'a', BARS);
    for (const horizon of [1, 10]) {
      await trainDirectly(on.services, unheld, { ticker: 'MSFT', horizon, kinds: ['naive', 'drift', 'linear'] });
    }
    const direct = await Promise.all(asked.map((request) => forecast(on.services, unheld, request)));
    expect(held.map(({ logReturn, intervals }) => [logReturn, intervals])).toEqual(
      direct.map(({ logReturn, intervals }) => [logReturn, intervals]),
    );
  });

  it('are not the held ones where the caller knows of a later session', async () => {
    await merge(context, 'next', [NEXT!]);
    // Nobody has told yet.
    expect((await newestFeatures(hot, context, 'MSFT')).session).toBe('2013-02-22');
    expect((await newestFeatures(hot, context, 'MSFT', NEXT!.date)).session).toBe(NEXT!.date);
    for (const request of asked) {
      expect(await forecast(hot, context, request)).toMatchObject({
        originSession: NEXT!.date,
        currentPrice: NEXT!.close,
      });
    }
    watch.changed(context.tenant, 'MSFT');
    expect((await newestFeatures(hot, context, 'MSFT')).session).toBe(NEXT!.date);
  });

  it('are forgotten when PostgreSQL tells of a change, a restatement too', async () => {
    const changes = new PostgresChanges(on.databaseUrl);
    try {
      const near = new MemoryCache();
      const hearing = new ChangeWatch([near]);
      changes.listen(hearing);
      await hearing.heard;
      const services = { ...on.services, hotFeatures: hotFeatures(near, hearing) };
      const newest = async () => {
        const { features, session } = await newestFeatures(services, context, 'MSFT');
        return { session, values: bits(valuesOf(features, features.dates.length - 1)) };
      };
      const before = await newest();
      expect(await newest()).toEqual(before);
      expect(services.hotFeatures.counts).toMatchObject({ hit: 1, miss: 1, stale: 0 });
      await merge(context, 'restated', [{ ...NEXT!, close: NEXT!.close * 0.99, low: 1 }]);
      await vi.waitFor(async () => expect((await newest()).values).not.toBe(before.values), { timeout: 20_000 });
      expect((await newest()).session).toBe(NEXT!.date);
      await merge(context, 'after', [AFTER_NEXT!]);
      await vi.waitFor(async () => expect((await newest()).session).toBe(AFTER_NEXT!.date), { timeout: 20_000 });
    } finally {
      await changes.close();
    }
  });

  it('play no part in a forecast as of an earlier day', async () => {
    const { modelId } = await forecast(hot, context, { ticker: 'MSFT', horizon: 10, kind: 'linear' });
    const then = await forecastWith(hot, context, modelId, vantageOf(context, '2013-01-15'));
    expect(then.originSession).toBe('2013-01-15');
  });

  it('are shown with what they are called and come from, and so are those of a day', async () => {
    const now = await featureAnswer(on.services, context, 'MSFT');
    expect(now).toMatchObject({ ticker: 'MSFT', session: AFTER_NEXT!.date, feature_set: 'basic-1', source: 'online' });
    expect(Object.keys(now.features)).toEqual([...FEATURE_NAMES]);
    const then = await featureAnswer(on.services, context, 'MSFT', '2013-02-24');
    expect(then).toMatchObject({ session: '2013-02-22', source: 'materialised' });
    expect(then.dataset).toMatch(/^[0-9a-f]{64}$/);
    await expect(featureAnswer(on.services, context, 'MSFT', '2012-06-28')).rejects.toMatchObject({
      code: 'FEATURES_MISSING',
      message: expect.stringContaining('as of 2012-06-28'),
    });
    await expect(featureAnswer(on.services, context, 'MSFT', '2013-02-30')).rejects.toMatchObject({
      code: 'DATE_INVALID',
    });
    for (const asOf of [undefined, '2013-01-15']) {
      await expect(featureAnswer(on.services, context, 'NONE', asOf)).rejects.toMatchObject({ code: 'TICKER_UNKNOWN' });
    }
  });
});
