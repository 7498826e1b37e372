import { describe, expect, it } from 'vitest';
import { type AboutModel, LoadedModels } from './loaded-models.ts';

const about = (ticker: string, at = '2026-01-01T00:00:00.000Z', tenant = 'default'): AboutModel => ({
  tenant,
  model: { id: `${ticker}-1`, ticker, horizon: 1, kind: 'linear', version: 1 },
  at: () => at,
});
const AAPL = about('AAPL');

describe('loaded models', () => {
  it('share one read when many ask at once, and keep it', async () => {
    const models = new LoadedModels<{ name: string }>();
    let reads = 0;
    const load = async () => {
      reads++;
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { model: { name: 'linear' }, bytes: 10 };
    };
    const loaded = await Promise.all(Array.from({ length: 20 }, () => models.get('a', AAPL, load)));
    expect(new Set([...loaded, await models.get('a', AAPL, load)]).size).toBe(1);
    expect(reads).toBe(1);
    expect(await models.get('b', AAPL, async () => ({ model: { name: 'naive' }, bytes: 1 }))).toEqual({
      name: 'naive',
    });
    expect(models.counts).toEqual({ name: 'models', hits: 20, misses: 2, stale: 0, entries: 2 });
  });

  it('do not keep a failure: who asks next has another try', async () => {
    const models = new LoadedModels<object>();
    const broken = () => Promise.reject(new Error('the disk is away'));
    const all = await Promise.allSettled([models.get('a', AAPL, broken), models.get('a', AAPL, broken)]);
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const model = {};
    const load = async () => ({ model, bytes: 2 });
    expect(await models.get('a', AAPL, load)).toBe(model);
    expect(await models.get('a', AAPL, broken)).toBe(model);
  });

  it('are listed for their tenant with their size and use, last used first, until they are dropped', async () => {
    const models = new LoadedModels<object>();
    const load = async () => ({ model: {}, bytes: 7 });
    await models.get('a', AAPL, load);
    await models.get('m', about('MSFT'), load);
    await models.get('x', about('XOM', undefined, 'other'), load);
    await models.get('a', about('AAPL', '2026-01-02T00:00:00.000Z'), load);
    let arrive: (loaded: { model: object; bytes: number }) => void = () => {};
    const slow = models.get(
      's',
      about('SLOW'),
      () =>
        new Promise((resolve) => {
          arrive = resolve;
        }),
    );
    expect(models.list('default')).toMatchObject([
      { model: { ticker: 'SLOW' }, bytes: undefined },
      { model: { ticker: 'AAPL' }, uses: 2, bytes: 7, lastUsedAt: '2026-01-02T00:00:00.000Z', loadedAt: AAPL.at() },
      { model: { ticker: 'MSFT' }, uses: 1 },
    ]);
    arrive({ model: {}, bytes: 8 });
    await slow;
    expect(models.list('default')[0]?.bytes).toBe(8);
    expect([models.drop('a'), models.drop('a')]).toEqual([true, false]);
    expect(models.list('default').map(({ model }) => model.ticker)).toEqual(['SLOW', 'MSFT']);
  });
});
