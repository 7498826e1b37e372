import { LRUCache } from 'lru-cache';
import type { Instant } from '../domain/bar.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import type { CacheCounts } from './dependency.ts';

const MAX_MODELS = 256;

/** What is kept beside a model to tell of it. */
export interface AboutModel {
  readonly tenant: string;
  readonly model: Pick<ModelVersion, 'id' | 'ticker' | 'horizon' | 'kind' | 'version'>;
  readonly at: () => Instant;
}

/** A model that is in memory. */
export interface LoadedModel extends Omit<AboutModel, 'at'> {
  readonly loadedAt: Instant;
  readonly lastUsedAt: Instant;
  readonly uses: number;
  /** Size of the stored object, undefined while it is being read. What it takes in memory is of that order. */
  readonly bytes: number | undefined;
}

interface Entry<M> {
  readonly loading: Promise<M>;
  readonly about: AboutModel;
  readonly loadedAt: Instant;
  lastUsedAt: Instant;
  uses: number;
  bytes: number | undefined;
}

/** Keeps the newest-used models in memory; concurrent loads of one model share a single read. */
export class LoadedModels<M extends object> {
  readonly #models = new LRUCache<string, Entry<M>>({ max: MAX_MODELS });
  #hits = 0;
  #misses = 0;

  /** The model from memory, or from `load`, which also tells the size of its object; a failed load is not kept. */
  async get(
    key: string,
    about: AboutModel,
    load: () => Promise<{ readonly model: M; readonly bytes: number }>,
  ): Promise<M> {
    const known = this.#models.get(key);
    const at = about.at();
    if (known !== undefined) {
      this.#hits += 1;
      known.lastUsedAt = at;
      known.uses += 1;
      return known.loading;
    }
    this.#misses += 1;
    const loading = load().then(({ model, bytes }) => {
      entry.bytes = bytes;
      return model;
    });
    const entry: Entry<M> = { loading, about, loadedAt: at, lastUsedAt: at, uses: 1, bytes: undefined };
    this.#models.set(key, entry);
    try {
      return await loading;
    } catch (error) {
      if (this.#models.peek(key) === entry) this.#models.delete(key);
      throw error;
    }
  }

  /** What a tenant has in memory, last used first. */
  list(tenant: string): LoadedModel[] {
    return [...this.#models.values()]
      .filter(({ about }) => about.tenant === tenant)
      .map(({ about: { model }, loadedAt, lastUsedAt, uses, bytes }) => ({
        ...{ tenant, model, loadedAt, lastUsedAt, uses, bytes },
      }));
  }

  /** Drops a model; the next forecast that needs it reads it anew. Tells whether it was there. */
  drop(key: string): boolean {
    return this.#models.delete(key);
  }

  get counts(): CacheCounts {
    return { name: 'models', hits: this.#hits, misses: this.#misses, stale: 0, entries: this.#models.size };
  }
}
