import type { Context } from '../domain/context.ts';
import type { Quote } from '../domain/price-source.ts';
import { type AsideCounts, CacheAside, type CacheLevels } from './cache-aside.ts';
import type { KnownQuote, Quotes } from './quotes.ts';

/** While a source is down, the last quote is given for as long as this. */
const STALE_MS = 24 * 60 * 60 * 1000;

/**
 * Quotes that are held for a while. Those who ask for the same one at once share one call; one that has expired is given
 * once more, said to be stale, while the source is asked again.
 */
export class CachedQuotes implements Quotes {
  readonly #quotes: Quotes;
  readonly #cache: CacheAside<Quote>;

  /** `ttlMs`: how long a quote counts as current; `now` tells the time in milliseconds. */
  constructor(quotes: Quotes, levels: CacheLevels, ttlMs: number, now?: () => number) {
    this.#quotes = quotes;
    const policy = { freshUntil: (readAt: number) => readAt + ttlMs, staleMs: STALE_MS, patienceMs: 0 };
    this.#cache = new CacheAside(levels, policy, now);
  }

  get counts(): AsideCounts {
    return this.#cache.counts;
  }

  /** A call that several wait for is not called off by one of them. */
  async quote(context: Context, ticker: string, source: string): Promise<KnownQuote> {
    const load = () => this.#quotes.quote(context, ticker, source, new AbortController().signal);
    const { value, verdict } = await this.#cache.get(context, `quotes/${ticker}`, `quote/${source}`, load);
    return { ...value, stale: verdict === 'stale' };
  }
}
