import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DriftReport } from '../../domain/drift.ts';
import type { DriftStore } from '../../stores/drift/drift-store.ts';
import { type Backend, freshContext } from './backend.ts';

const untold = { untold: 'not enough matured forecasts: 3 of 20' };
const report: DriftReport = {
  ...{ ticker: 'AAPL', horizon: 1, kind: 'linear', modelId: 'model-1', modelVersion: 3, session: '2013-02-28' },
  features: {
    ...{ nReference: 504, nWindow: 25, p: 1 / 3 },
    columns: [column('return', 0.1 + 0.2), column('rsi14', 0.5)],
    training: { first: '2011-01-03', last: '2012-12-31' },
    window: { first: '2013-01-24', last: '2013-02-28' },
  },
  ...{ residuals: untold, coverage80: untold, coverage95: untold },
  ...{ level: 0.05, alarms: [], madeAt: '2013-03-01T12:00:00.000Z' },
};

function column(name: string, psi: number) {
  return { name, psi, ks: psi / 2, spreadKs: 0.1, usualPsi: 0.2, usualKs: 0.1, usualSpreadKs: 0.1, p: 1 / 3 };
}

/** What every `DriftStore` must do. */
export function driftStoreContract(name: string, open: () => Promise<Backend<DriftStore>>): void {
  describe(`the drift store on ${name}`, () => {
    let backend: Backend<DriftStore>;
    let store: DriftStore;

    beforeAll(async () => {
      backend = await open();
      store = backend.connect();
    });
    afterAll(() => backend.close());

    it('keeps one report per model and session, the first, to the last bit', async () => {
      const context = freshContext();
      expect(await store.enter(context, report)).toEqual(report);
      const again = { ...report, alarms: ['features'] as const, madeAt: '2013-03-01T13:00:00.000Z' };
      expect(await store.enter(context, again)).toEqual(report);
      const others = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          backend.connect().enter(context, { ...report, session: '2013-03-01', level: i / 100 }),
        ),
      );
      expect(new Set(others.map(({ level }) => level)).size).toBe(1);
    });

    it('gives the newest report of each ticker and horizon', async () => {
      const context = freshContext();
      const later = { ...report, session: '2013-03-01' };
      const other = { ...report, modelId: 'model-2', session: '2013-03-01', madeAt: '2013-03-02T12:00:00.000Z' };
      const ten = { ...report, modelId: 'model-3', horizon: 10 };
      const ibm = { ...report, modelId: 'model-4', ticker: 'IBM' };
      for (const each of [ibm, other, later, report, ten]) await store.enter(context, each);
      expect(await store.newest(context)).toEqual([other, ten, ibm]);
      expect(await store.newest(context, 'AAPL')).toEqual([other, ten]);
      expect(await store.newest(context, 'ZZZZ')).toEqual([]);
      expect(await store.newest(context, 'AAPL', '2013-02-28')).toEqual([report, ten]);
      expect(await store.newest(context, 'AAPL', '2013-02-27')).toEqual([]);
    });

    it('counts models and alarms, and the furthest of each feature, by newest reports alone', async () => {
      const context = freshContext();
      await store.enter(context, { ...report, alarms: ['features', 'coverage80'] });
      await store.enter(context, { ...report, session: '2013-03-01' });
      await store.enter(context, { ...report, ticker: 'IBM', modelId: 'model-2', alarms: ['residuals'] });
      await store.enter(context, { ...report, horizon: 10, modelId: 'model-3', features: untold });
      expect(await store.tallies(context)).toEqual([
        { kind: 'linear', horizon: 1, watched: 2, alarming: 1 },
        { kind: 'linear', horizon: 10, watched: 1, alarming: 0 },
      ]);
      expect(await store.featureTallies(context)).toEqual([
        { feature: 'return', psi: 0.1 + 0.2, ks: (0.1 + 0.2) / 2 },
        { feature: 'rsi14', psi: 0.5, ks: 0.25 },
      ]);
    });

    it('notes which run trains again because of a model', async () => {
      const context = freshContext();
      await store.enter(context, report);
      await store.enter(context, { ...report, modelId: 'model-2' });
      expect(await store.retrainingOf(context, 'model-1')).toBeUndefined();
      await store.noteRetraining(context, 'model-1', 'train/1');
      await store.enter(context, { ...report, session: '2013-03-01' });
      expect(await store.retrainingOf(context, 'model-1')).toBe('train/1');
      await store.noteRetraining(context, 'model-1', 'train/2');
      expect(await store.retrainingOf(context, 'model-1')).toBe('train/2');
      expect(await store.retrainingOf(context, 'model-2')).toBeUndefined();
      expect(await store.newest(context, 'AAPL')).toMatchObject([{ session: '2013-03-01' }]);
    });

    it('keeps tenants apart', async () => {
      await store.enter(freshContext(), report);
      const other = freshContext();
      expect(await store.newest(other)).toEqual([]);
      expect(await store.tallies(other)).toEqual([]);
      expect(await store.featureTallies(other)).toEqual([]);
    });
  });
}
