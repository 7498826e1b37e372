import { describe, expect, it } from 'vitest';
import { StockcastError } from '../domain/errors.ts';
import type { Cache } from '../stores/cache/cache.ts';
import { MemoryCache } from '../stores/cache/memory-cache.ts';
import { freshContext } from '../tests/contract/backend.ts';
import { CacheAside, type CachePolicy } from './cache-aside.ts';

const away = new StockcastError('DATABASE_UNAVAILABLE', { problem: 'away' });
const unknown = new StockcastError('TICKER_UNKNOWN', { ticker: 'X', known: 'none yet' });

/** A source whose answers a test gives, beside a cache whose clock it sets. */
function setUp(
  { patienceMs = 0, ...policy }: Partial<Omit<CachePolicy, 'patienceMs'>> & { readonly patienceMs?: number } = {},
  shared?: Cache,
) {
  const context = freshContext();
  let now = 1_000_000;
  const waiting: { resolve(value: string): void; reject(error: Error): void }[] = [];
  const near = new MemoryCache();
  const cache = new CacheAside<string>(
    { near, shared },
    { freshUntil: (readAt) => readAt + 1000, staleMs: 600_000, patienceMs: () => patienceMs, ...policy },
    () => now,
  );
  const load = () => new Promise<string>((resolve, reject) => waiting.push({ resolve, reject }));
  return {
    context,
    near,
    cache,
    waiting,
    pass: (ms: number) => {
      now += ms;
    },
    ask: (key = 'a') => cache.get(context, 'AAPL', key, load),
    /** Lets what is under way come as far as it can. */
    settle: () => new Promise((resolve) => setImmediate(resolve)),
    give: async (asked: Promise<unknown>, value: string) => {
      await new Promise((resolve) => setImmediate(resolve));
      waiting.shift()!.resolve(value);
      return asked;
    },
  };
}

describe('cache-aside', () => {
  it('reads the source once for 500 who ask at once, and not again while the value is current', async () => {
    const on = setUp();
    const asked = Array.from({ length: 500 }, () => on.ask());
    await on.settle();
    expect(on.waiting).toHaveLength(1);
    on.waiting.shift()!.resolve('one');
    for (const given of await Promise.all(asked)) expect(given).toEqual({ value: 'one', verdict: 'miss', ageMs: 0 });
    on.pass(999);
    expect(await on.ask()).toEqual({ value: 'one', verdict: 'hit', ageMs: 999 });
    expect(on.cache.counts).toMatchObject({ hit: 1, miss: 500, stale: 0, loads: 1, failedLoads: 0 });
  });

  it('gives the stale value while one reading is under way, then the new one', async () => {
    const on = setUp();
    await on.give(on.ask(), 'old');
    on.pass(1000);
    const asked = await Promise.all([on.ask(), on.ask(), on.ask()]);
    for (const given of asked) expect(given).toEqual({ value: 'old', verdict: 'stale', ageMs: 1000 });
    await on.settle();
    expect(on.waiting).toHaveLength(1);
    on.waiting.shift()!.resolve('new');
    await on.settle();
    expect(await on.ask()).toMatchObject({ value: 'new', verdict: 'hit' });
  });

  it('waits for the reading as long as it is told to', async () => {
    const on = setUp({ patienceMs: 60_000 });
    await on.give(on.ask(), 'old');
    on.pass(1000);
    expect(await on.give(on.ask(), 'new')).toMatchObject({ value: 'new', verdict: 'miss' });
    on.pass(1000);
    const waits = on.ask();
    await on.settle();
    on.pass(60_000);
    // Whoever asks when the reading has taken that long is not held up any more.
    expect(await on.ask()).toMatchObject({ value: 'new', verdict: 'stale' });
    on.waiting.shift()!.resolve('newest');
    expect(await waits).toMatchObject({ value: 'newest' });
  });

  it('gives the last known value while the source fails, asks it again only after a pause, and recovers', async () => {
    const on = setUp({ patienceMs: 60_000 });
    await on.give(on.ask(), 'old');
    on.pass(1000);
    const asked = on.ask();
    await on.settle();
    on.waiting.shift()!.reject(away);
    expect(await asked).toMatchObject({ value: 'old', verdict: 'stale', ageMs: 1000 });
    expect(await on.ask()).toMatchObject({ verdict: 'stale' });
    expect(on.waiting).toHaveLength(0);
    on.pass(1000);
    expect(await on.give(on.ask(), 'back')).toMatchObject({ value: 'back', verdict: 'miss' });
    expect(on.cache.counts).toMatchObject({ loads: 3, failedLoads: 1 });
  });

  it('gives no value that is older than stale values may be', async () => {
    const on = setUp({ staleMs: 5000 });
    await on.give(on.ask(), 'old');
    on.pass(5000);
    const asked = on.ask();
    await on.settle();
    on.waiting.shift()!.reject(away);
    await expect(asked).rejects.toBe(away);
  });

  it('holds no failure, and gives no value that the source says is gone', async () => {
    const on = setUp({ patienceMs: 60_000 });
    for (const error of [unknown, away]) {
      const asked = on.ask();
      await on.settle();
      on.waiting.shift()!.reject(error);
      await expect(asked).rejects.toBe(error);
    }
    await on.give(on.ask(), 'here');
    on.pass(1000);
    const asked = on.ask();
    await on.settle();
    on.waiting.shift()!.reject(unknown);
    await expect(asked).rejects.toBe(unknown);
  });

  it('gives nobody who asks after a change what was being read before it', async () => {
    const on = setUp();
    const before = on.ask();
    await on.settle();
    await on.near.forget(on.context, 'AAPL');
    const after = on.ask();
    await on.settle();
    expect(on.waiting).toHaveLength(2);
    on.waiting[1]!.resolve('new');
    expect(await after).toMatchObject({ value: 'new' });
    on.waiting[0]!.resolve('old');
    expect(await before).toMatchObject({ value: 'old' });
    expect(await on.ask()).toMatchObject({ value: 'new', verdict: 'hit' });
  });

  it('asks the shared cache before the source, and puts there what it has read', async () => {
    const shared = new MemoryCache();
    const [one, other] = [setUp({}, shared), setUp({}, shared)];
    await one.give(one.ask(), 'read by one');
    const given = await other.cache.get(one.context, 'AAPL', 'a', () => Promise.reject(away));
    expect(given).toMatchObject({ value: 'read by one', verdict: 'hit' });
    expect(other.cache.counts.loads).toBe(0);
    await shared.forget(one.context, 'AAPL');
    const third = setUp({}, shared);
    const stale = await third.cache.get(one.context, 'AAPL', 'a', () => Promise.reject(away));
    expect(stale).toMatchObject({ value: 'read by one', verdict: 'stale' });
  });

  it('leaves a failing source alone for a while, although the shared cache has given what is known', async () => {
    const shared = new MemoryCache();
    const [one, other] = [setUp({}, shared), setUp({}, shared)];
    await one.give(one.ask(), 'old');
    await shared.forget(one.context, 'AAPL');
    const failing = () => other.cache.get(one.context, 'AAPL', 'a', () => Promise.reject(away));
    for (let i = 0; i < 3; i++) expect(await failing()).toMatchObject({ value: 'old', verdict: 'stale' });
    expect(other.cache.counts.loads).toBe(1);
    other.pass(1000);
    await failing();
    expect(other.cache.counts.loads).toBe(2);
  });

  it('hides no bug behind what is known, but a disk that fails', async () => {
    const on = setUp({ patienceMs: 60_000 });
    await on.give(on.ask(), 'old');
    const bug = new TypeError('x is undefined');
    const disk = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' });
    on.pass(1000);
    const asked = on.ask();
    await on.settle();
    on.waiting.shift()!.reject(bug);
    await expect(asked).rejects.toBe(bug);
    on.pass(1000);
    const again = on.ask();
    await on.settle();
    on.waiting.shift()!.reject(disk);
    expect(await again).toMatchObject({ value: 'old', verdict: 'stale' });
  });

  it('neither believes the shared cache nor fills it while changes may be missed', async () => {
    const shared = new MemoryCache();
    const one = setUp({}, shared);
    await one.give(one.ask(), 'perhaps outdated');
    const doubts = setUp({ trustsShared: () => false }, shared);
    const given = await doubts.cache.get(one.context, 'AAPL', 'a', async () => 'read anew');
    expect(given).toMatchObject({ value: 'read anew', verdict: 'miss' });
    expect((await shared.lookup(one.context, 'AAPL', 'a')).value).toMatchObject({ value: 'perhaps outdated' });
  });

  it('goes on without a shared cache that fails, and counts its failures', async () => {
    const broken = () => Promise.reject(new StockcastError('CACHE_UNAVAILABLE', { problem: 'away' }));
    const shared: Cache = { lookup: broken, put: broken, forget: broken, forgetAll: broken, close: broken };
    const on = setUp({}, shared);
    expect(await on.give(on.ask(), 'read')).toMatchObject({ value: 'read', verdict: 'miss' });
    expect(await on.ask()).toMatchObject({ value: 'read', verdict: 'hit' });
    expect(on.cache.counts.sharedFailures).toBe(1);
  });
});
