import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Forecast, type ForecastName, type PastForecast, pastForecastId } from '../../domain/forecast.ts';
import type { ForecastStore } from '../../stores/forecasts/forecast-store.ts';
import { type Backend, freshContext } from './backend.ts';

const forecast: Forecast = {
  ticker: 'AAPL',
  horizon: 10,
  modelId: 'model-1',
  kind: 'linear',
  modelVersion: 3,
  originSession: '2013-03-01',
  targetSession: '2013-03-15',
  currentPrice: 430.47,
  logReturn: 0.1 + 0.2,
  intervals: [
    { level: 0.8, lower: -1 / 3, upper: 0.1 + 0.7 },
    { level: 0.95, lower: -0.7, upper: 1.1 },
  ],
  confidence: 1 / 3,
  directionProbability: 2 / 3,
  certificateId: 'c'.repeat(64),
  baselineRatio: 0.9999999999999999,
  notes: ['short history: 100 sessions', 'a "quoted" word'],
  madeAt: '2013-03-01T21:00:00.123Z',
};

/** What every `ForecastStore` must do. */
export function forecastStoreContract(name: string, open: () => Promise<Backend<ForecastStore>>): void {
  describe(`the forecast store on ${name}`, () => {
    let backend: Backend<ForecastStore>;
    let store: ForecastStore;

    beforeAll(async () => {
      backend = await open();
      store = backend.connect();
    });
    afterAll(() => backend.close());

    const find = (context: ReturnType<typeof freshContext>, modelId = 'model-1', origin = '2013-03-01', horizon = 10) =>
      store.find(context, modelId, origin, horizon);

    it('gives back exactly what was saved', async () => {
      const context = freshContext();
      expect(await store.save(context, forecast)).toEqual(forecast);
      expect(await find(context)).toEqual(forecast);
    });

    it('keeps smallest numbers, neutral forecasts, and those without a baseline', async () => {
      const context = freshContext();
      const { baselineRatio: _, ...bare } = forecast;
      const neutral = { ...bare, logReturn: 0, notes: [] };
      const tiny = { ...bare, modelId: 'model-2', logReturn: -5e-324, currentPrice: 1.7976931348623157e308 };
      expect(await store.save(context, neutral)).toEqual(neutral);
      expect(await store.save(context, tiny)).toEqual(tiny);
    });

    it('finds nothing under another model, session or horizon', async () => {
      const context = freshContext();
      await store.save(context, forecast);
      expect(await find(context, 'model-2')).toBeUndefined();
      expect(await find(context, 'model-1', '2013-02-28')).toBeUndefined();
      expect(await find(context, 'model-1', '2013-03-01', 1)).toBeUndefined();
    });

    it('keeps the first forecast of a place, and returns it to whoever comes later', async () => {
      const context = freshContext();
      await store.save(context, forecast);
      expect(await store.save(context, { ...forecast, logReturn: 0.5, madeAt: '2013-03-02T00:00:00.000Z' })).toEqual(
        forecast,
      );
      expect(await find(context)).toEqual(forecast);
    });

    it('gives the same forecast to all of many processes that save at once', async () => {
      const context = freshContext();
      const saved = await Promise.all(
        Array.from({ length: 8 }, (_, i) => backend.connect().save(context, { ...forecast, logReturn: i })),
      );
      expect(new Set(saved.map((each) => each.logReturn)).size).toBe(1);
      expect(await find(context)).toEqual(saved[0]);
    });

    it("gives a ticker's newest forecasts, of one kind or of all", async () => {
      const context = freshContext();
      const on = (originSession: string, more: Partial<Forecast> = {}) =>
        store.save(context, { ...forecast, originSession, ...more });
      await on('2013-02-28');
      await on('2013-03-01');
      await on('2013-02-27', { kind: 'naive', modelId: 'n' });
      await on('2013-03-01', { horizon: 1 });
      await on('2013-03-01', { ticker: 'MSFT', modelId: 'm' });
      const dates = async (asked: { kind?: string; limit?: number } = {}) =>
        (await store.ofTicker(context, 'AAPL', { horizon: 10, limit: 10, ...asked })).map((each) => each.originSession);
      expect(await dates()).toEqual(['2013-03-01', '2013-02-28', '2013-02-27']);
      expect(await dates({ limit: 1 })).toEqual(['2013-03-01']);
      expect(await dates({ kind: 'naive' })).toEqual(['2013-02-27']);
      expect(await store.ofTicker(freshContext(), 'AAPL', { horizon: 10, limit: 10 })).toEqual([]);
    });

    it('tells which models and certificates its forecasts name, each pair once', async () => {
      const context = freshContext();
      const { certificateId, ...without } = forecast;
      await store.save(context, forecast);
      await store.save(context, { ...forecast, originSession: '2013-02-28' });
      await store.save(context, { ...without, modelId: 'model-2' });
      const mentions = await store.mentions(context);
      expect(mentions).toHaveLength(2);
      expect(mentions).toEqual(expect.arrayContaining([{ modelId: 'model-1', certificateId }, { modelId: 'model-2' }]));
      expect(await store.mentions(freshContext())).toEqual([]);
    });

    it('keeps forecasts as of past days apart from the others, each once', async () => {
      const context = freshContext();
      const past: PastForecast = {
        ...forecast,
        vantage: { asOf: '2013-03-03', knownAt: '2013-03-04T05:00:00.000Z' },
      };
      const id = pastForecastId(past);
      expect(id).toMatch(/^AAPL-10-as-of-2013-03-03-[0-9a-f]{12}$/);
      await store.savePast(context, past);
      await store.savePast(context, { ...past, madeAt: '2013-03-09T21:00:00.000Z' });
      expect(await store.findPast(context, id)).toEqual(past);
      const other = { ...past, logReturn: 0.1 };
      expect(pastForecastId(other)).not.toBe(id);
      await store.savePast(context, other);
      const ofTicker = (ticker: string, horizon: number) => store.pastOfTicker(context, ticker, { horizon, limit: 10 });
      expect(await ofTicker('AAPL', 10)).toHaveLength(2);
      expect(await ofTicker('AAPL', 10)).toEqual(expect.arrayContaining([past, other]));
      expect([...(await ofTicker('AAPL', 1)), ...(await ofTicker('MSFT', 10))]).toEqual([]);
      expect(await store.findPast(freshContext(), id)).toBeUndefined();

      expect(await find(context)).toBeUndefined();
      expect(await store.ofTicker(context, 'AAPL', { horizon: 10, limit: 10 })).toEqual([]);
      expect(await store.mentions(context)).toEqual([{ modelId: 'model-1', certificateId: forecast.certificateId }]);
      await store.save(context, forecast);
      expect(await ofTicker('AAPL', 10)).toHaveLength(2);
      expect(await store.mentions(context)).toHaveLength(1);
    });

    it('finds a forecast by its name, the model by the beginning of its id', async () => {
      const context = freshContext();
      const modelId = `0123456789ab${'c'.repeat(52)}`;
      await store.save(context, { ...forecast, modelId });
      await store.save(context, { ...forecast, modelId: 'd'.repeat(64) });
      const named = (differing: Partial<ForecastName> = {}) => {
        const name = { ticker: 'AAPL', horizon: 10, originSession: '2013-03-01', modelPrefix: '0123456789ab' };
        return store.named(context, { ...name, ...differing });
      };
      expect(await named()).toEqual({ ...forecast, modelId });
      expect(await named({ modelPrefix: 'd'.repeat(12) })).toMatchObject({ modelId: 'd'.repeat(64) });
      for (const other of [{ ticker: 'MSFT' }, { horizon: 1 }, { originSession: '2013-02-28' }, { modelPrefix: '_' }]) {
        expect(await named(other)).toBeUndefined();
      }
      const name = { ticker: 'AAPL', horizon: 10, originSession: '2013-03-01', modelPrefix: '0123456789ab' };
      expect(await store.named(freshContext(), name)).toBeUndefined();
    });

    it("keeps each tenant's own", async () => {
      const [one, other] = [freshContext(), freshContext()];
      await store.save(one, forecast);
      expect(await find(other)).toBeUndefined();
      await store.save(other, { ...forecast, logReturn: 0.5 });
      expect(await find(one)).toEqual(forecast);
    });
  });
}
