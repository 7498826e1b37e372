import { afterAll, describe, expect, it } from 'vitest';
import { ensureRedis } from '../../infra/redis/redis-server.ts';
import type { Cache } from '../../stores/cache/cache.ts';
import { MemoryCache } from '../../stores/cache/memory-cache.ts';
import { RedisCache } from '../../stores/cache/redis-cache.ts';
import { TestRedis, eventually } from '../support/redis.ts';
import { freshContext } from './backend.ts';
import { cacheContract } from './cache.contract.ts';

const HOUR = 3_600_000;
const program = await ensureRedis();

/** Whether a cache answers now. */
const answers = (cache: Cache, context = freshContext()) =>
  cache.lookup(context, 'AAPL', 'a').then(
    () => true,
    () => false,
  );

cacheContract('in memory', async () => {
  const cache = new MemoryCache();
  return { connect: () => cache, close: () => cache.close() };
});

it('a cache in memory drops the least-recently used beyond its size', async () => {
  const cache = new MemoryCache(2);
  const context = freshContext();
  for (const key of ['a', 'b', 'c']) {
    const { generation } = await cache.lookup(context, 'g', key);
    await cache.put(context, 'g', key, key, HOUR, generation);
  }
  expect((await cache.lookup(context, 'g', 'a')).value).toBeUndefined();
  expect((await cache.lookup(context, 'g', 'c')).value).toBe('c');
});

if (typeof program === 'string') {
  it.skip(`Redis: ${program}`, () => undefined);
} else {
  cacheContract('Redis', async () => {
    const redis = await TestRedis.start(program);
    const cache = new RedisCache(redis.url);
    await eventually(() => answers(cache));
    return {
      connect: () => cache,
      close: async () => {
        await cache.close();
        await redis.kill();
      },
    };
  });

  describe('Redis, shared by two processes', async () => {
    const redis = await TestRedis.start(program);
    const [one, other] = [new RedisCache(redis.url), new RedisCache(redis.url)];
    const context = freshContext();
    afterAll(async () => {
      await one.close();
      await other.close();
      await redis.kill();
    });
    const put = async (cache: Cache, value: string) => {
      const { generation } = await cache.lookup(context, 'AAPL', 'a');
      await cache.put(context, 'AAPL', 'a', value, HOUR, generation);
    };

    it('gives one what the other has put, until either forgets it', async () => {
      await eventually(async () => (await answers(one)) && (await answers(other)));
      await put(one, 'shared');
      expect(await other.lookup(context, 'AAPL', 'a')).toMatchObject({ value: 'shared', current: true });
      await other.forget(context, 'AAPL');
      expect(await one.lookup(context, 'AAPL', 'a')).toMatchObject({ value: 'shared', current: false });
    });

    it('that freezes or is killed fails each call soon, queues nothing, and is found again', async () => {
      redis.freeze();
      await expect(one.lookup(context, 'AAPL', 'a')).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
      redis.thaw();
      await eventually(() => answers(one));
      await redis.kill();
      await eventually(async () => !(await answers(one)));
      const many = await Promise.allSettled(Array.from({ length: 500 }, () => put(one, 'lost')));
      expect(many.every(({ status }) => status === 'rejected')).toBe(true);
      await redis.start();
      await eventually(() => answers(one));
      expect((await one.lookup(context, 'AAPL', 'a')).value).toBeUndefined();
    });

    it('is not believed about what could not be forgotten while it was away', async () => {
      await eventually(() => answers(other));
      await put(one, 'old');
      redis.freeze();
      expect(await answers(one)).toBe(false);
      redis.thaw();
      await expect(one.forget(context, 'AAPL')).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
      await eventually(() => answers(one));
      expect(await other.lookup(context, 'AAPL', 'a')).toMatchObject({ value: 'old', current: false });
    });
  });
}
