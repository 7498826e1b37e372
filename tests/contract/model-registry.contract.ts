import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelRegistry } from '../../stores/registry/model-registry.ts';
import { contextOf } from './context.ts';
import { EVALUATION, trainedModel } from './model-version.ts';

/** What every registry must do, whatever it is made of. Each test takes tenants of its own. */
export function modelRegistryContract(open: () => Promise<ModelRegistry>): void {
  describe('a model registry', () => {
    let registry: ModelRegistry;
    beforeAll(async () => {
      registry = await open();
    });

    it('knows nothing at first', async () => {
      const context = contextOf('nobody');
      expect(await registry.find(context, 'model-1')).toBeUndefined();
      expect(await registry.newest(context, 'AAPL', 10, 'linear')).toBeUndefined();
      expect(await registry.kinds(context, 'AAPL', 10)).toEqual([]);
    });

    it('gives back what was registered, to the last bit', async () => {
      const context = contextOf('exact');
      const model = trainedModel();
      expect(await registry.register(context, model)).toEqual({ ...model, version: 1 });
      expect(await registry.find(context, model.id)).toEqual({ ...model, version: 1 });
      const windowed = trainedModel({ id: 'model-2', window: 252, parameters: null });
      expect(await registry.register(context, windowed)).toEqual({ ...windowed, version: 2 });
    });

    it('gives a model its version once', async () => {
      const context = contextOf('again');
      const first = await registry.register(context, trainedModel());
      // A second run that trained the same model later.
      const again = trainedModel({ trainedAt: '2013-03-05T12:00:00.000Z', runId: 'another run', asOf: '2013-03-02' });
      expect(await registry.register(context, again)).toEqual(first);
      expect(await registry.register(context, trainedModel({ id: 'model-2' }))).toMatchObject({ version: 2 });
    });

    it('counts versions per ticker, horizon and kind', async () => {
      const context = contextOf('counts');
      const version = async (id: string, overrides: object) =>
        (await registry.register(context, trainedModel({ id, ...overrides }))).version;
      expect(await version('a', {})).toBe(1);
      expect(await version('b', { ticker: 'MSFT' })).toBe(1);
      expect(await version('c', { horizon: 1 })).toBe(1);
      expect(await version('d', { kind: 'random-forest' })).toBe(1);
      expect(await version('e', {})).toBe(2);
    });

    it('assigns version numbers without gaps or doubles when many register at once', async () => {
      const context = contextOf('crowd');
      const registered = await Promise.all(
        Array.from({ length: 24 }, (_, i) => registry.register(context, trainedModel({ id: `model-${i % 12}` }))),
      );
      const versions = new Map(registered.map(({ id, version }) => [id, version]));
      expect([...versions.values()].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
      for (const { id, version } of registered) expect(versions.get(id)).toBe(version);
    });

    it('adds what evaluation found', async () => {
      const context = contextOf('evaluated');
      await registry.register(context, trainedModel());
      await registry.recordEvaluation(context, 'model-1', EVALUATION);
      await registry.recordEvaluation(context, 'model-1', EVALUATION);
      expect((await registry.find(context, 'model-1'))?.evaluation).toEqual(EVALUATION);
      expect((await registry.newest(context, 'AAPL', 10, 'linear'))?.evaluation).toEqual(EVALUATION);
      // Registering again leaves it in place.
      expect((await registry.register(context, trainedModel())).evaluation).toEqual(EVALUATION);
    });

    it('refuses an evaluation of a model that it does not know', async () => {
      await expect(registry.recordEvaluation(contextOf('unknown'), 'model-1', EVALUATION)).rejects.toThrow('model-1');
    });

    it('finds the newest version by as-of date, then version', async () => {
      const context = contextOf('newest');
      const register = (id: string, asOf: string) => registry.register(context, trainedModel({ id, asOf }));
      await register('march', '2013-03-01');
      await register('backfilled', '2012-01-03');
      await register('march again', '2013-03-01');
      await register('backfilled later', '2012-06-01');
      const newest = async (asOf?: string) => (await registry.newest(context, 'AAPL', 10, 'linear', asOf))?.id;
      expect(await newest()).toBe('march again');
      expect(await newest('2013-03-01')).toBe('march again');
      expect(await newest('2013-02-28')).toBe('backfilled later');
      expect(await newest('2012-05-31')).toBe('backfilled');
      expect(await newest('2012-01-02')).toBeUndefined();
      expect(await registry.newest(context, 'AAPL', 1, 'linear')).toBeUndefined();
      expect(await registry.newest(context, 'MSFT', 10, 'linear')).toBeUndefined();
      expect(await registry.newest(context, 'AAPL', 10, 'naive')).toBeUndefined();
    });

    it('lists the kinds of a ticker and horizon', async () => {
      const context = contextOf('kinds');
      for (const [i, kind] of ['random-forest', 'linear', 'naive', 'linear'].entries()) {
        await registry.register(context, trainedModel({ id: `model-${i}`, kind }));
      }
      await registry.register(context, trainedModel({ id: 'other', kind: 'drift', horizon: 1 }));
      expect(await registry.kinds(context, 'AAPL', 10)).toEqual(['linear', 'naive', 'random-forest']);
    });

    it('keeps tenants apart', async () => {
      await registry.register(contextOf('one'), trainedModel());
      const two = contextOf('two');
      expect(await registry.find(two, 'model-1')).toBeUndefined();
      expect(await registry.kinds(two, 'AAPL', 10)).toEqual([]);
      // The same content has the same id for everybody.
      expect(await registry.register(two, trainedModel({ runId: 'run of two' }))).toMatchObject({ version: 1 });
      await registry.recordEvaluation(two, 'model-1', EVALUATION);
      expect(await registry.find(contextOf('one'), 'model-1')).toEqual({ ...trainedModel(), version: 1 });
    });
  });
}
