import { LRUCache } from 'lru-cache';
import type { Context } from '../domain/context.ts';
import type { StockcastError } from '../domain/errors.ts';
import type { Quote } from '../domain/price-source.ts';
import { type AsideCounts, CacheAside, type CacheLevels } from './cache-aside.ts';
import { ASK_AGAIN_MS, staysRefused } from './live-prices.ts';
import type { KnownClose, KnownQuote, Quotes } from './quotes.ts';

/** While a source is down, the last quote is given for as long as this. */
const STALE_MS = 24 * 60 * 60 * 1000;
/** Who asks for a ticker that is rarely asked for waits so long for a quote of now; then the old one is given. */
const PATIENCE_MS = 1000;
const MOST_REFUSALS = 10_000;

/**
 * Quotes that are held for a while. Those who ask for the same one at once share one call. One that has expired is given
 * for as long again, said to be stale, while the source is asked; an older one only when the source does not answer. What
 * a source lacks or was refused is not asked for again within a minute.
 */
export class CachedQuotes implements Quotes {
  readonly #quotes: Quotes;
  readonly #cache: CacheAside<Quote>;
  readonly #refusals: LRUCache<string, StockcastError>;

  /** `ttlMs`: how long a quote counts as current; `now` tells the time in milliseconds. */
  constructor(
    quotes: Quotes,
    levels: CacheLevels,
    ttlMs: number,
    { now = Date.now, patienceMs = PATIENCE_MS }: { readonly now?: () => number; readonly patienceMs?: number } = {},
  ) {
    this.#quotes = quotes;
    this.#cache = new CacheAside(
      levels,
      {
        freshUntil: (readAt) => readAt + ttlMs,
        staleMs: STALE_MS,
        patienceMs: (ageMs) => (ageMs < 2 * ttlMs ? 0 : patienceMs),
      },
      now,
    );
    this.#refusals = new LRUCache({ max: MOST_REFUSALS, ttl: ASK_AGAIN_MS, perf: { now }, ttlResolution: 0 });
  }

  get counts(): AsideCounts {
    return this.#cache.counts;
  }

  async quote(context: Context, ticker: string, source: string, last: KnownClose): Promise<KnownQuote> {
    const name = `${context.tenant}/${ticker}/${source}`;
    const refusal = this.#refusals.get(name);
    if (refusal !== undefined) throw refusal;
    const load = () => this.#load(name, context, ticker, source, last);
    const { value, verdict } = await this.#cache.get(context, `quotes/${ticker}`, `quote/${source}`, load);
    return {
      ...value,
      verdict,
      ...(verdict === 'stale' ? { problem: `${source} has not told a newer price yet` } : {}),
    };
  }

  async #load(name: string, context: Context, ticker: string, source: string, last: KnownClose): Promise<Quote> {
    try {
      return await this.#quotes.quote(context, ticker, source, last);
    } catch (error) {
      if (staysRefused(error)) this.#refusals.set(name, error);
      throw error;
    }
  }
}
