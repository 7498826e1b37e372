import type { Cache } from './cache.ts';

/** A cache that processes share and that can be asked whether it answers. */
export interface SharedCache extends Cache {
  /** @throws StockcastError CACHE_UNAVAILABLE */
  ping(): Promise<void>;
}

/** Opens the cache that processes share; undefined without an address, and then nothing of Redis is loaded. */
export async function openSharedCache(redisUrl: string | undefined): Promise<SharedCache | undefined> {
  if (redisUrl === undefined) return undefined;
  const { RedisCache } = await import('./redis-cache.ts');
  return new RedisCache(redisUrl);
}
