import { LRUCache } from 'lru-cache';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Cache, Lookup } from '../stores/cache/cache.ts';

/** How an answer was come by: held and current; read anew; held, and possibly outdated. */
export type CacheVerdict = 'hit' | 'miss' | 'stale';

/** A value as it is given to whoever asked. */
export interface Given<T> {
  readonly value: T;
  readonly verdict: CacheVerdict;
  /** How long ago it was read. */
  readonly ageMs: number;
}

/** What a cache has done since the process started. */
export interface AsideCounts {
  readonly hit: number;
  readonly miss: number;
  readonly stale: number;
  /** Readings of the source, successful or not: fewer than misses where callers shared one. */
  readonly loads: number;
  readonly failedLoads: number;
  /** Calls of the shared cache that failed. */
  readonly sharedFailures: number;
}

/** For how long what is held may be given. */
export interface CachePolicy {
  /** Until when a value that was read at `readAt` is current, if its group is not forgotten before. */
  readonly freshUntil: (readAt: number) => number;
  /** How long after it was read a value may be given as stale. */
  readonly staleMs: number;
  /** How long a caller waits for a reading that is under way before it is given the stale value of that age. */
  readonly patienceMs: (ageMs: number) => number;
  /** Whether what another process has put into the shared cache can be believed to be current; default yes. */
  readonly trustsShared?: () => boolean;
}

/** Where a cache-aside holds its values. */
export interface CacheLevels {
  /** In this process: asked first. */
  readonly near: Cache;
  /** Shared by processes: asked before the source. Its failures cost speed only. */
  readonly shared?: Cache | undefined;
}

interface Held {
  readonly value: unknown;
  readonly readAt: number;
}

interface Reading<T> {
  readonly startedAt: number;
  readonly given: Promise<Given<T>>;
}

/** After a failed reading, stale values are given for so long before the source is asked again. */
const REST_MS = 1000;
const MAX_RESTS = 10_000;
/** Of no lookup: what is put under it counts as outdated. */
const NO_GENERATION = '';

/**
 * Gives values from a cache, from the source where the cache has none that is current. Callers who ask for the same
 * value at once share one reading. While a value can't be read again, the last known one is given, marked as stale;
 * failures are not held.
 */
export class CacheAside<T> {
  readonly #levels: CacheLevels;
  readonly #policy: CachePolicy;
  readonly #now: () => number;
  readonly #readings = new Map<string, Reading<T>>();
  readonly #rests = new LRUCache<string, number>({ max: MAX_RESTS });
  readonly #counts = { hit: 0, miss: 0, stale: 0, loads: 0, failedLoads: 0, sharedFailures: 0 };

  /** `now` tells the time in milliseconds; default: the system's clock. */
  constructor(levels: CacheLevels, policy: CachePolicy, now: () => number = Date.now) {
    this.#levels = levels;
    this.#policy = policy;
    this.#now = now;
  }

  get counts(): AsideCounts {
    return this.#counts;
  }

  /**
   * The value of a key, `load`ed where none is held that is current.
   * @throws what `load` throws, unless a stale value can be given for a failure that may pass
   */
  async get(context: Context, group: string, key: string, load: () => Promise<T>): Promise<Given<T>> {
    const near = await this.#levels.near.lookup(context, group, key);
    const held = near.value as Held | undefined;
    if (held !== undefined && near.current && this.#now() < this.#policy.freshUntil(held.readAt)) {
      return this.#give(held, 'hit');
    }
    const stale = held !== undefined && this.#mayBeStale(held) ? held : undefined;
    const name = [context.tenant, group, key].join('\n');
    if (stale !== undefined && this.#now() < (this.#rests.get(name) ?? 0)) return this.#give(stale, 'stale');
    const reading = this.#read(context, group, key, name, near, load);
    if (stale === undefined) return this.#count(await reading.given);
    return this.#count(await this.#inTime(reading, stale));
  }

  // Who asks after the group was forgotten must not be given what is being read since before.
  #read(context: Context, group: string, key: string, name: string, near: Lookup, load: () => Promise<T>): Reading<T> {
    const id = `${name}\n${near.generation}`;
    const underway = this.#readings.get(id);
    if (underway !== undefined) return underway;
    const rest = () => this.#rests.set(name, this.#now() + REST_MS);
    const given = this.#fromSharedOrSource(context, group, key, near, load).then(
      (value) => {
        // Stale from the shared cache: the source has failed.
        if (value.verdict === 'stale') rest();
        else this.#rests.delete(name);
        return value;
      },
      (error: unknown) => {
        rest();
        throw error;
      },
    );
    const reading = { startedAt: this.#now(), given };
    this.#readings.set(id, reading);
    const remove = () => this.#readings.delete(id);
    given.then(remove, remove);
    return reading;
  }

  async #fromSharedOrSource(
    context: Context,
    group: string,
    key: string,
    { generation }: Lookup,
    load: () => Promise<T>,
  ): Promise<Given<T>> {
    const { near, shared } = this.#levels;
    const { freshUntil, staleMs, trustsShared = () => true } = this.#policy;
    const there = await this.#ofShared(() => shared?.lookup(context, group, key));
    const held = there?.value as Held | undefined;
    if (held !== undefined && there?.current === true && trustsShared() && this.#now() < freshUntil(held.readAt)) {
      await near.put(context, group, key, held, staleMs, generation);
      return this.#given(held, 'hit');
    }
    this.#counts.loads++;
    try {
      const read: Held = { value: await load(), readAt: this.#now() };
      await near.put(context, group, key, read, staleMs, generation);
      if (there !== undefined && trustsShared()) {
        await this.#ofShared(() => shared?.put(context, group, key, read, staleMs, there.generation));
      }
      return this.#given(read, 'miss');
    } catch (error) {
      this.#counts.failedLoads++;
      if (held === undefined || !this.#mayBeStale(held) || !mayPass(error)) throw error;
      await near.put(context, group, key, held, staleMs, NO_GENERATION);
      return this.#given(held, 'stale');
    }
  }

  async #inTime(reading: Reading<T>, stale: Held): Promise<Given<T>> {
    const waitMs = reading.startedAt + this.#policy.patienceMs(this.#now() - stale.readAt) - this.#now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      if (waitMs > 0) timer = setTimeout(() => resolve(undefined), waitMs);
      else resolve(undefined);
    });
    try {
      const inTime = await Promise.race([reading.given, late]);
      if (inTime !== undefined) return inTime;
    } catch (error) {
      if (!mayPass(error)) throw error;
    } finally {
      clearTimeout(timer);
    }
    return this.#given(stale, 'stale');
  }

  async #ofShared<R>(call: () => Promise<R> | undefined): Promise<R | undefined> {
    try {
      return await call();
    } catch {
      this.#counts.sharedFailures++;
      return undefined;
    }
  }

  #mayBeStale(held: Held): boolean {
    return this.#now() - held.readAt < this.#policy.staleMs;
  }

  #give(held: Held, verdict: CacheVerdict): Given<T> {
    return this.#count(this.#given(held, verdict));
  }

  #given({ value, readAt }: Held, verdict: CacheVerdict): Given<T> {
    return { value: value as T, verdict, ageMs: Math.max(0, this.#now() - readAt) };
  }

  #count(given: Given<T>): Given<T> {
    this.#counts[given.verdict]++;
    return given;
  }
}

/**
 * Whether the same reading may succeed later, so that the last known value stands meanwhile: an outage, told as an error
 * of the system's own, or by the operating system (a disk, a network file system). Anything else is a bug to be seen.
 */
function mayPass(error: unknown): boolean {
  if (error instanceof StockcastError) return error.retryable;
  return error instanceof Error && 'syscall' in error;
}
