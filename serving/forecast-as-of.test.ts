import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bar, CorporateEvent } from '../domain/bar.ts';
import { type Forecast, pastForecastId } from '../domain/forecast.ts';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleBars } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { trainDirectly } from '../tests/support/trained-ticker.ts';
import { forecastAsOf } from './forecast-as-of.ts';
import { forecast } from './forecasting.ts';
import { lineageOf } from './lineage.ts';

const ALL = sampleBars('MSFT').filter(({ date }) => date >= '2012-06-01');
const KNOWN = ALL.filter(({ date }) => date <= '2013-02-15');
const LATER = ALL.filter(({ date }) => date > '2013-02-15');
const KINDS = ['naive', 'drift', 'linear'];
const DAY = '2013-02-17';
const dividend = (date: string, value: number): CorporateEvent => ({ ticker: 'MSFT', date, kind: 'dividend', value });
const asked = { ticker: 'MSFT', horizon: 10, asOf: DAY };

let on: TestServices;
beforeAll(async () => {
  on = await openServices();
});
afterAll(() => on.close());

let files = 0;
const merge = (context: TestContext, bars: readonly Bar[], events: readonly CorporateEvent[] = []) => {
  const id = `file ${++files}`;
  return on.services.bars.merge(
    context,
    { id, source: id, acceptedRows: 1, rejectedRows: 0, report: [] },
    [bars],
    events,
  );
};
const train = (context: TestContext, asOf?: string) =>
  trainDirectly(on.services, context, {
    ticker: 'MSFT',
    horizon: 10,
    kinds: KINDS,
    ...(asOf === undefined ? {} : { asOf }),
  });
const at = (instant: string) => freshContext().at(instant);
/** Everything but when it was made. */
const content = (made: Forecast) => ({ ...made, madeAt: '' });
const changed = (date: string) => {
  const bar = KNOWN.find((each) => each.date === date)!;
  return { ...bar, close: bar.low, volume: 1 };
};

describe('a forecast as of a past day', () => {
  it('stays bit-identical when later sessions, events, restatements and models have come', async () => {
    const context = at('2013-02-16T12:00:00.000Z');
    await merge(context, KNOWN, [dividend('2012-11-13', 0.23)]);
    await train(context);
    const linear = { ...asked, kind: 'linear' };
    const before = await forecastAsOf(on.services, context.at('2013-02-18T12:00:00.000Z'), asked);
    const named = await forecastAsOf(on.services, context, linear);
    const served = await on.services.ledger.production(context, 'MSFT', 10);
    expect(before).toMatchObject({ originSession: '2013-02-15', modelId: served!.modelId });
    expect(named.kind).toBe('linear');

    context.at('2013-03-10T12:00:00.000Z');
    await merge(
      context,
      [...LATER, changed('2013-02-15'), changed('2012-12-03')],
      [
        dividend('2012-11-13', 0.99),
        dividend('2013-02-19', 0.23),
        { ticker: 'MSFT', date: '2013-02-25', kind: 'split', value: 2 },
      ],
    );
    expect(content(await forecastAsOf(on.services, context, asked))).toEqual(content(before));
    await train(context);
    await train(context, '2013-02-28');
    expect(content(await forecastAsOf(on.services, context, asked))).toEqual(content(before));
    expect(content(await forecastAsOf(on.services, context, linear))).toEqual(content(named));
    const now = await forecast(on.services, context, { ticker: 'MSFT', horizon: 10, kind: 'linear' });
    expect(now.originSession).toBe('2013-03-01');
  });

  it('is not by a model that was made since on restated prices, though its last session is not later', async () => {
    const context = at('2013-02-16T12:00:00.000Z');
    await merge(context, KNOWN);
    await train(context);
    const before = await forecastAsOf(on.services, context.at('2013-02-18T12:00:00.000Z'), {
      ...asked,
      kind: 'linear',
    });
    await merge(context.at('2013-03-10T12:00:00.000Z'), [changed('2012-12-03')]);
    await train(context);
    const [since, then] = await on.services.ledger.history(context, 'MSFT');
    expect([since!.asOf, then!.asOf, since!.movedLive]).toEqual(['2013-02-15', '2013-02-15', true]);
    expect(since!.modelId).not.toBe(then!.modelId);
    expect((await forecastAsOf(on.services, context, asked)).modelId).toBe(then!.modelId);
    expect(content(await forecastAsOf(on.services, context, { ...asked, kind: 'linear' }))).toEqual(content(before));
    expect((await forecastAsOf(on.services, context, { ...asked, asOf: '2013-03-10' })).modelId).toBe(since!.modelId);
  });

  it('is kept apart from live ones, traced by its id, and not taken from what a live one stored later', async () => {
    const context = at('2013-02-16T12:00:00.000Z');
    await merge(context, KNOWN);
    await train(context);
    await merge(context.at('2013-03-10T12:00:00.000Z'), [changed('2013-02-15')]);
    const linear = { ticker: 'MSFT', horizon: 10, kind: 'linear' };
    const stored = () => on.services.forecasts.ofTicker(context, 'MSFT', { horizon: 10, limit: 10 });
    const then = await forecastAsOf(on.services, context, { ...linear, asOf: DAY });
    expect(await stored()).toEqual([]);
    const id = pastForecastId(then);
    const lineage = await lineageOf(on.services, context, id);
    expect(lineage).toMatchObject({
      kind: 'forecast',
      forecast: {
        ...{ forecast_id: id, as_of: '2013-02-15', as_known_on: DAY, model_id: then.modelId },
        origin: { version: 1 },
        restated_since: 1,
      },
      missing: [],
    });
    expect(lineage.models[0]!.model_id).toBe(then.modelId);
    await expect(
      lineageOf(
        on.services,
        context,
        id.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      ),
    ).rejects.toMatchObject({
      code: 'LINEAGE_UNKNOWN',
    });
    const live = await forecast(on.services, context, linear);
    expect(live.currentPrice).toBe(changed('2013-02-15').close);
    expect(then.currentPrice).toBe(KNOWN.at(-1)!.close);
    expect(await stored()).toHaveLength(1);
    const again = await forecastAsOf(on.services, context, { ...linear, asOf: DAY });
    expect(content(again)).toEqual(content(then));
    expect(pastForecastId(again)).toBe(id);
    expect(await on.services.forecasts.pastOfTicker(context, 'MSFT', { horizon: 10, limit: 10 })).toHaveLength(1);
  });

  it('is by what a later run as of that day trained, which leaves what serves alone', async () => {
    const context = at('2013-03-10T12:00:00.000Z');
    await merge(context, [...KNOWN, ...LATER]);
    await train(context);
    const serving = await on.services.ledger.production(context, 'MSFT', 10);
    await expect(forecastAsOf(on.services, context, asked)).rejects.toMatchObject({
      code: 'MODEL_MISSING',
      message: expect.stringContaining('npx stockcast predict MSFT --as-of 2013-02-17 --horizon 10 --train'),
    });
    await expect(forecastAsOf(on.services, context, { ...asked, kind: 'linear' })).rejects.toMatchObject({
      code: 'MODEL_MISSING',
    });
    // A restatement that was learnt after that day, and before it was trained for that day.
    await merge(context, [changed('2012-12-03')]);
    await train(context.at('2013-03-11T12:00:00.000Z'), DAY);
    const made = await forecastAsOf(on.services, context, asked);
    const entry = await on.services.ledger.production(context, 'MSFT', 10, DAY);
    expect(entry).toMatchObject({ asOf: '2013-02-15', live: false, movedLive: false, modelId: made.modelId });
    expect(made.originSession).toBe('2013-02-15');
    expect(await on.services.ledger.production(context, 'MSFT', 10)).toEqual(serving);
    expect(made.notes.join(' ')).toContain('As of 2013-02-17');
  });

  it('is by no model of a kind that its run left out before it was judged', async () => {
    const context = at('2013-02-18T12:00:00.000Z');
    await merge(context, KNOWN);
    await train(context);
    const linear = { ...asked, kind: 'linear' };
    const before = await forecastAsOf(on.services, context, linear);
    const { registry } = on.services;
    const {
      version: _,
      evaluation: __,
      certificate: ___,
      ...entered
    } = (await registry.find(context, before.modelId))!;
    await registry.register(context, { ...entered, id: 'a'.repeat(64) });
    expect((await registry.newest(context, 'MSFT', 10, 'linear'))!.id).toBe('a'.repeat(64));
    expect((await forecastAsOf(on.services, context, linear)).modelId).toBe(before.modelId);
  });

  it('is refused for a day to come, a live source, an unknown ticker and an unknown kind', async () => {
    const context = at('2013-02-16T12:00:00.000Z');
    await merge(context, KNOWN);
    const code = (more: object) =>
      forecastAsOf(on.services, context, { ...asked, ...more }).then(
        () => 'none',
        (error: { code: string }) => error.code,
      );
    expect(await code({ asOf: '2013-02-17' })).toBe('DATE_INVALID');
    const past = { asOf: '2013-02-15' };
    expect(await code({ ...past, source: 'yahoo' })).toBe('REQUEST_INVALID');
    expect(await code({ ...past, source: 'csv' })).toBe('MODEL_MISSING');
    expect(await code({ ...past, ticker: 'GOOG' })).toBe('TICKER_UNKNOWN');
    expect(await code({ ...past, kind: 'lstn' })).toBe('MODEL_KIND_UNKNOWN');
  });
});
