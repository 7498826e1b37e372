import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cache } from '../../stores/cache/cache.ts';
import { type Backend, freshContext } from './backend.ts';

const HOUR = 3_600_000;

/** What every adapter of the port `Cache` must do. */
export function cacheContract(name: string, open: () => Promise<Backend<Cache>>): void {
  describe(`a cache: ${name}`, () => {
    let backend: Backend<Cache>;
    let cache: Cache;
    beforeAll(async () => {
      backend = await open();
      cache = backend.connect();
    });
    afterAll(() => backend.close());

    const put = async (context: ReturnType<typeof freshContext>, group: string, key: string, value: unknown) => {
      const { generation } = await cache.lookup(context, group, key);
      await cache.put(context, group, key, value, HOUR, generation);
    };

    it('holds what was put, as it was, and nothing else', async () => {
      const context = freshContext();
      expect(await cache.lookup(context, 'AAPL', 'a')).toMatchObject({ value: undefined, current: false });
      const value = { price: 430.47, notes: ['é "quoted"', null], nested: { tiny: 5e-324 } };
      await put(context, 'AAPL', 'a', value);
      expect(await cache.lookup(context, 'AAPL', 'a')).toMatchObject({ value, current: true });
      expect(await cache.lookup(context, 'AAPL', 'b')).toMatchObject({ value: undefined });
      expect(await cache.lookup(context, 'MSFT', 'a')).toMatchObject({ value: undefined });
      await put(context, 'AAPL', 'a', 2);
      expect(await cache.lookup(context, 'AAPL', 'a')).toMatchObject({ value: 2, current: true });
    });

    it('keeps tenants apart', async () => {
      const [one, other] = [freshContext(), freshContext()];
      await put(one, 'AAPL', 'a', 'mine');
      expect(await cache.lookup(other, 'AAPL', 'a')).toMatchObject({ value: undefined });
      await put(other, 'AAPL', 'a', 'other');
      await cache.forget(other, 'AAPL');
      expect(await cache.lookup(one, 'AAPL', 'a')).toMatchObject({ value: 'mine', current: true });
    });

    it('no longer calls current what lies in a group that was forgotten, and only that', async () => {
      const context = freshContext();
      for (const [group, key] of [
        ['AAPL', 'a'],
        ['AAPL', 'b'],
        ['MSFT', 'a'],
      ] as const) {
        await put(context, group, key, key);
      }
      await cache.forget(context, 'AAPL');
      expect(await cache.lookup(context, 'AAPL', 'a')).toMatchObject({ value: 'a', current: false });
      expect(await cache.lookup(context, 'AAPL', 'b')).toMatchObject({ value: 'b', current: false });
      expect(await cache.lookup(context, 'MSFT', 'a')).toMatchObject({ value: 'a', current: true });
      await put(context, 'AAPL', 'a', 'new');
      expect(await cache.lookup(context, 'AAPL', 'a')).toMatchObject({ value: 'new', current: true });
      await cache.forgetAll();
      expect(await cache.lookup(context, 'MSFT', 'a')).toMatchObject({ value: 'a', current: false });
      expect(await cache.lookup(context, 'AAPL', 'a')).toMatchObject({ value: 'new', current: false });
    });

    it('never calls current what was read before its group was forgotten, though it is put later', async () => {
      const context = freshContext();
      const { generation } = await cache.lookup(context, 'AAPL', 'a');
      await cache.forget(context, 'AAPL');
      await cache.put(context, 'AAPL', 'a', 'old', HOUR, generation);
      expect((await cache.lookup(context, 'AAPL', 'a')).current).toBe(false);
      const second = await cache.lookup(context, 'AAPL', 'a');
      await cache.forgetAll();
      await cache.put(context, 'AAPL', 'a', 'old', HOUR, second.generation);
      expect((await cache.lookup(context, 'AAPL', 'a')).current).toBe(false);
      await cache.put(context, 'AAPL', 'a', 'of no lookup', HOUR, '');
      expect((await cache.lookup(context, 'AAPL', 'a')).current).toBe(false);
    });

    it('lets go of what has outlived its time', async () => {
      const context = freshContext();
      const { generation } = await cache.lookup(context, 'AAPL', 'a');
      await cache.put(context, 'AAPL', 'a', 'short', 30, generation);
      await put(context, 'AAPL', 'b', 'long');
      await expect.poll(async () => (await cache.lookup(context, 'AAPL', 'a')).value).toBeUndefined();
      expect((await cache.lookup(context, 'AAPL', 'b')).value).toBe('long');
    });
  });
}
