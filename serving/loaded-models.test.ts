import { describe, expect, it } from 'vitest';
import { LoadedModels } from './loaded-models.ts';

describe('loaded models', () => {
  it('share one read when many ask at once, and keep it', async () => {
    const models = new LoadedModels<{ name: string }>();
    let reads = 0;
    const load = async () => {
      reads++;
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { name: 'linear' };
    };
    const loaded = await Promise.all(Array.from({ length: 20 }, () => models.get('a', load)));
    expect(new Set([...loaded, await models.get('a', load)]).size).toBe(1);
    expect(reads).toBe(1);
    expect(await models.get('b', async () => ({ name: 'naive' }))).toEqual({ name: 'naive' });
  });

  it('do not keep a failure: who asks next has another try', async () => {
    const models = new LoadedModels<object>();
    const broken = () => Promise.reject(new Error('the disk is away'));
    const all = await Promise.allSettled([models.get('a', broken), models.get('a', broken)]);
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const model = {};
    expect(await models.get('a', async () => model)).toBe(model);
    expect(await models.get('a', broken)).toBe(model);
  });
});
