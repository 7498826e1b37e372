import { LRUCache } from 'lru-cache';
import type { Context } from '../../domain/context.ts';
import type { Cache, Lookup } from './cache.ts';

const MAX_ENTRIES = 10_000;

interface Entry {
  readonly value: unknown;
  readonly generation: string;
}

/** A cache in this process: the newest-used entries, values by reference. */
export class MemoryCache implements Cache {
  readonly #entries: LRUCache<string, Entry>;
  /** Of groups that were forgotten since all was; the others have `#first`. */
  readonly #generations = new Map<string, string>();
  #first = '0';
  #forgotten = 0;

  /** `maxEntries`: the least-recently used ones beyond it are dropped. */
  constructor(maxEntries = MAX_ENTRIES) {
    this.#entries = new LRUCache({ max: maxEntries });
  }

  /** Entries held, current or not. */
  get size(): number {
    return this.#entries.size;
  }

  async lookup({ tenant }: Context, group: string, key: string): Promise<Lookup> {
    const generation = this.#generationOf(tenant, group);
    const entry = this.#entries.get(nameOf(tenant, group, key));
    return { value: entry?.value, current: entry?.generation === generation, generation };
  }

  async put(
    { tenant }: Context,
    group: string,
    key: string,
    value: unknown,
    ttlMs: number,
    generation: string,
  ): Promise<void> {
    const name = nameOf(tenant, group, key);
    const now = this.#generationOf(tenant, group);
    // What was long in reading does not replace what was read since.
    if (generation !== now && this.#entries.peek(name)?.generation === now) return;
    this.#entries.set(name, { value, generation }, { ttl: ttlMs });
  }

  async forget({ tenant }: Context, group: string): Promise<void> {
    this.#generations.set(groupOf(tenant, group), this.#next());
  }

  async forgetAll(): Promise<void> {
    this.#generations.clear();
    this.#first = this.#next();
  }

  async close(): Promise<void> {
    this.#entries.clear();
  }

  #generationOf(tenant: string, group: string): string {
    return this.#generations.get(groupOf(tenant, group)) ?? this.#first;
  }

  #next(): string {
    this.#forgotten += 1;
    return String(this.#forgotten);
  }
}

function groupOf(tenant: string, group: string): string {
  return `${tenant}\n${group}`;
}

function nameOf(tenant: string, group: string, key: string): string {
  return `${tenant}\n${group}\n${key}`;
}
