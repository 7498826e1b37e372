import { beforeAll, describe, expect, it } from 'vitest';
import type { Forecast } from '../../domain/forecast.ts';
import type { ForecastStore } from '../../stores/forecasts/forecast-store.ts';
import { contextOf } from './context.ts';

const forecast = (overrides: Partial<Forecast> = {}): Forecast => ({
  ticker: 'AAPL',
  horizon: 10,
  modelId: 'model-1',
  kind: 'linear',
  modelVersion: 3,
  originSession: '2013-03-01',
  targetSession: '2013-03-15',
  currentPrice: 430.47,
  logReturn: 0.1 + 0.2,
  confidence: 1 / 3,
  baselineRatio: 0.9999999999999999,
  notes: ['"few" folds', 'µ'],
  madeAt: '2013-03-04T12:00:00.123Z',
  ...overrides,
});

/** What every store of forecasts must do, whatever it is made of. Each test takes tenants of its own. */
export function forecastStoreContract(open: () => Promise<ForecastStore>): void {
  describe('a forecast store', () => {
    let store: ForecastStore;
    beforeAll(async () => {
      store = await open();
    });

    it('knows nothing at first', async () => {
      expect(await store.find(contextOf('nobody'), 'model-1', '2013-03-01', 10)).toBeUndefined();
    });

    it.each([
      ['as they are', {}],
      ['of models that were never evaluated', { baselineRatio: undefined }],
      ['at the ends of what doubles can hold', { logReturn: -5e-324, currentPrice: 1.7976931348623157e308 }],
      ['that are neutral', { logReturn: 0, notes: [] }],
    ])('gives forecasts back to the last bit: %s', async (name, overrides) => {
      const context = contextOf(name);
      const { baselineRatio, ...rest } = { ...forecast(), ...overrides };
      const given: Forecast = baselineRatio === undefined ? rest : { ...rest, baselineRatio };
      expect(await store.save(context, given)).toStrictEqual(given);
      expect(await store.find(context, 'model-1', '2013-03-01', 10)).toStrictEqual(given);
    });

    it('stores a forecast once and returns what is stored', async () => {
      const context = contextOf('once');
      const first = await store.save(context, forecast());
      const second = forecast({ logReturn: 0.5, madeAt: '2013-03-05T12:00:00.000Z' });
      expect(await store.save(context, second)).toEqual(first);
      expect(await store.find(context, 'model-1', '2013-03-01', 10)).toEqual(first);
    });

    it('tells models, origin sessions and horizons apart', async () => {
      const context = contextOf('places');
      const forecasts = [
        forecast(),
        forecast({ horizon: 1, targetSession: '2013-03-04' }),
        forecast({ originSession: '2013-02-28' }),
        forecast({ modelId: 'model-2' }),
      ];
      for (const each of forecasts) await store.save(context, each);
      for (const each of forecasts) {
        expect(await store.find(context, each.modelId, each.originSession, each.horizon)).toEqual(each);
      }
      expect(await store.find(context, 'model-2', '2013-02-28', 10)).toBeUndefined();
    });

    it('keeps tenants apart', async () => {
      await store.save(contextOf('one'), forecast());
      expect(await store.find(contextOf('two'), 'model-1', '2013-03-01', 10)).toBeUndefined();
      const other = forecast({ logReturn: -0.25 });
      expect(await store.save(contextOf('two'), other)).toEqual(other);
      expect(await store.find(contextOf('one'), 'model-1', '2013-03-01', 10)).toEqual(forecast());
    });

    it('lets one of many win its place, and shows everybody the same', async () => {
      const context = contextOf('crowd');
      const saved = await Promise.all(
        Array.from({ length: 16 }, (_, i) => store.save(context, forecast({ logReturn: i / 100 }))),
      );
      expect(new Set(saved.map(({ logReturn }) => logReturn)).size).toBe(1);
      expect(await store.find(context, 'model-1', '2013-03-01', 10)).toEqual(saved[0]);
    });
  });
}
