import { LRUCache } from 'lru-cache';
import type { SessionDate } from '../domain/bar.ts';
import { StockcastError } from '../domain/errors.ts';
import type { PriceSettings, SourceHealth } from '../domain/price-source.ts';
import { PriceSources } from '../market/sources/sources.ts';

/** For how long a source is not asked again for what it had nothing new of, or what was refused. */
export const ASK_AGAIN_MS = 60_000;
const MOST_REMEMBERED = 10_000;

/** The newest session that was known after a source was asked, or why nothing could be taken from it. */
interface Outcome {
  readonly due: SessionDate;
  readonly newest?: SessionDate | undefined;
  readonly refusal?: StockcastError;
}

/** The live price sources of one process, with what is being fetched from them. */
export class LivePrices {
  readonly settings: PriceSettings;
  readonly sources: PriceSources;
  readonly #underway = new Map<string, Promise<SessionDate | undefined>>();
  readonly #outcomes = new LRUCache<string, Outcome>({ max: MOST_REMEMBERED, ttl: ASK_AGAIN_MS });
  #lastTaken: Promise<unknown> = Promise.resolve();

  constructor(settings: PriceSettings) {
    this.settings = settings;
    this.sources = new PriceSources(settings);
  }

  /**
   * Runs a fetch unless an equal one is under way, which is then waited for, or one for the same session `due` brought
   * what there was within the last minute, or was refused.
   * @returns the newest session that was known afterwards
   */
  async once(
    key: string,
    due: SessionDate,
    fetch: () => Promise<SessionDate | undefined>,
  ): Promise<SessionDate | undefined> {
    const before = this.#outcomes.get(key);
    if (before?.due === due) {
      if (before.refusal !== undefined) throw before.refusal;
      return before.newest;
    }
    let running = this.#underway.get(key);
    if (running === undefined) {
      running = fetch()
        .then(
          (newest) => {
            this.#outcomes.set(key, { due, newest });
            return newest;
          },
          (error: unknown) => {
            if (staysRefused(error)) this.#outcomes.set(key, { due, refusal: error });
            throw error;
          },
        )
        .finally(() => this.#underway.delete(key));
      this.#underway.set(key, running);
    }
    return running;
  }

  /**
   * Runs what takes prices in after whatever does so already: the database lets one in at a time, and those who wait
   * there hold connections.
   */
  inTurn<T>(takeIn: () => Promise<T>): Promise<T> {
    const mine = this.#lastTaken.then(takeIn);
    this.#lastTaken = mine.catch(() => undefined);
    return mine;
  }

  /** How the sources that were used have been doing: breakers, last errors, counters. For probes and metrics. */
  health(): SourceHealth[] {
    return this.sources.health();
  }
}

/** Whether a source would say the same again soon: trying at once only costs a call. */
export function staysRefused(error: unknown): error is StockcastError {
  return error instanceof StockcastError && (error.code === 'SOURCE_TICKER_UNKNOWN' || error.code === 'PRICES_REFUSED');
}
