import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Context } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import type { Cache, Lookup } from './cache.ts';

const PREFIX = 'stockcast:1';
/** A cache that takes longer than this saves no time. */
const COMMAND_TIMEOUT_MS = 250;
const CONNECT_TIMEOUT_MS = 2000;
const LONGEST_RECONNECT_MS = 1000;
/** After a failure Redis is left alone for so long, so that a frozen one does not slow every request down. */
const REST_MS = 1000;

interface Entry {
  readonly value: unknown;
  readonly generation: string;
}

/**
 * A cache that processes share, in Redis. A generation is a random text under a key of its own, so that one which Redis
 * has lost never comes back. Every call fails at once while Redis is away: nothing is queued.
 */
export class RedisCache implements Cache {
  readonly #redis: Redis;
  /** 0 when nothing has failed since it last answered. */
  #restUntil = 0;
  /** Something should have been forgotten while Redis was away; until that is made good, nothing there is believed. */
  #owesForgetting = false;

  /** Connects in the background and again whenever the connection is lost; a command may take `limitMs`. */
  constructor(url: string, limitMs = COMMAND_TIMEOUT_MS) {
    this.#redis = new Redis(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: limitMs,
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: (attempt) => Math.min(attempt * 50, LONGEST_RECONNECT_MS),
    });
    // The commands say what is wrong; unheard, the event would be printed for each attempt to connect.
    this.#redis.on('error', () => {});
  }

  /** @throws StockcastError CACHE_UNAVAILABLE, as all calls do */
  async lookup({ tenant }: Context, group: string, key: string): Promise<Lookup> {
    const ofGroupName = groupName(tenant, group);
    try {
      if (this.#restUntil > 0) await this.#recover();
      const [all, ofGroup, text] = await this.#redis.mget(ALL, ofGroupName, entryName(tenant, group, key));
      const generation = `${all ?? (await this.#begin(ALL))}.${ofGroup ?? (await this.#begin(ofGroupName))}`;
      const entry = text === null || text === undefined ? undefined : (JSON.parse(text) as Entry);
      return { value: entry?.value, current: entry?.generation === generation, generation };
    } catch (cause) {
      throw this.#failed(cause);
    }
  }

  async put(
    { tenant }: Context,
    group: string,
    key: string,
    value: unknown,
    ttlMs: number,
    generation: string,
  ): Promise<void> {
    const entry: Entry = { value, generation };
    const name = entryName(tenant, group, key);
    try {
      if (this.#restUntil > 0) await this.#recover();
      await this.#redis.set(name, JSON.stringify(entry), 'PX', Math.max(1, Math.round(ttlMs)));
    } catch (cause) {
      throw this.#failed(cause);
    }
  }

  forget({ tenant }: Context, group: string): Promise<void> {
    return this.#renew(groupName(tenant, group));
  }

  forgetAll(): Promise<void> {
    return this.#renew(ALL);
  }

  /** @throws StockcastError CACHE_UNAVAILABLE */
  async ping(): Promise<void> {
    try {
      if (this.#restUntil > 0) await this.#recover();
      await this.#redis.ping();
    } catch (cause) {
      throw this.#failed(cause);
    }
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }

  async #renew(name: string): Promise<void> {
    try {
      if (this.#restUntil > 0) await this.#recover();
      await this.#redis.set(name, randomUUID());
    } catch (cause) {
      this.#owesForgetting = true;
      throw this.#failed(cause);
    }
  }

  // Of several processes that begin one, the first's counts.
  async #begin(name: string): Promise<string> {
    await this.#redis.set(name, randomUUID(), 'NX');
    return (await this.#redis.get(name)) ?? '';
  }

  /** To be called after a failure, before anything else is asked. */
  async #recover(): Promise<void> {
    if (Date.now() < this.#restUntil) throw unavailable('it failed a moment ago');
    if (this.#owesForgetting) {
      await this.#redis.set(ALL, randomUUID());
      this.#owesForgetting = false;
    }
    this.#restUntil = 0;
  }

  // In each call's own `catch`: a wrapper around all calls would cost a small one a twentieth of its time.
  #failed(cause: unknown): StockcastError {
    if (cause instanceof StockcastError) return cause;
    this.#restUntil = Date.now() + REST_MS;
    return unavailable(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

const ALL = `${PREFIX}:generation`;

function groupName(tenant: string, group: string): string {
  return `${PREFIX}:generation:${tenant}:${group}`;
}

function entryName(tenant: string, group: string, key: string): string {
  return `${PREFIX}:entry:${tenant}:${group}:${key}`;
}

function unavailable(problem: string, cause?: unknown): StockcastError {
  return new StockcastError('CACHE_UNAVAILABLE', { problem }, { cause });
}
