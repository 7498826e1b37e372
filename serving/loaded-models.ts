import { LRUCache } from 'lru-cache';

const MAX_MODELS = 256;

/** Keeps the newest-used models in memory; concurrent loads of one model share a single read. */
export class LoadedModels<M extends object> {
  readonly #models = new LRUCache<string, Promise<M>>({ max: MAX_MODELS });

  /** The model from memory, or from `load`; a failed load is not kept. */
  async get(key: string, load: () => Promise<M>): Promise<M> {
    const known = this.#models.get(key);
    if (known !== undefined) return known;
    const loading = load();
    this.#models.set(key, loading);
    try {
      return await loading;
    } catch (error) {
      if (this.#models.peek(key) === loading) this.#models.delete(key);
      throw error;
    }
  }
}
