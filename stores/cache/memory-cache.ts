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
  readonly #generations = new Map<string, number>();
  #all = 0;

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
    const name = nameOf(tenant, group);
    this.#generations.set(name, (this.#generations.get(name) ?? 0) + 1);
  }

  async forgetAll(): Promise<void> {
    this.#all++;
  }

  async close(): Promise<void> {
    this.#entries.clear();
  }

  #generationOf(tenant: string, group: string): string {
    return `${this.#all}.${this.#generations.get(nameOf(tenant, group)) ?? 0}`;
  }
}

function nameOf(...parts: readonly string[]): string {
  return parts.join('\n');
}
