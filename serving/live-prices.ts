import { LRUCache } from 'lru-cache';
import type { PriceSettings, SourceHealth } from '../domain/price-source.ts';
import { PriceSources } from '../market/sources/sources.ts';

/** For how long a source that had nothing new is not asked for the same session again. */
const ASK_AGAIN_MS = 60_000;
const MOST_REMEMBERED = 10_000;

/** The live price sources of one process, with what is being fetched from them. */
export class LivePrices {
  readonly settings: PriceSettings;
  readonly sources: PriceSources;
  readonly #underway = new Map<string, Promise<void>>();
  readonly #askedFor = new LRUCache<string, string>({ max: MOST_REMEMBERED, ttl: ASK_AGAIN_MS });

  constructor(settings: PriceSettings) {
    this.settings = settings;
    this.sources = new PriceSources(settings);
  }

  /**
   * Runs a fetch unless an equal one is under way, which is then waited for, or one for the same newest session brought
   * what there was within the last minute.
   */
  async once(key: string, newest: string, fetch: () => Promise<unknown>): Promise<void> {
    if (this.#askedFor.get(key) === newest) return;
    let running = this.#underway.get(key);
    if (running === undefined) {
      running = fetch()
        .then(() => void this.#askedFor.set(key, newest))
        .finally(() => this.#underway.delete(key));
      this.#underway.set(key, running);
    }
    await running;
  }

  /** How the sources that were used have been doing: breakers, last errors, counters. For probes and metrics. */
  health(): SourceHealth[] {
    return this.sources.health();
  }
}
