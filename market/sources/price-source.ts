import type { CorporateEvent, SessionDate } from '../../domain/bar.ts';
import type { Quote } from '../../domain/price-source.ts';

/** A session as a source tells it, as traded, unchecked: it may lack numbers, or have ones that make no sense. */
export interface FetchedBar {
  readonly date: SessionDate;
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly close: number | null;
  readonly volume: number | null;
}

/** What a source tells of a ticker's past. */
export interface FetchedHistory {
  /** Ascending by date, each date once. */
  readonly bars: readonly FetchedBar[];
  /** Splits and dividends with an ex-date in the time asked about, or later. */
  readonly events: readonly CorporateEvent[];
  /** What was odd about it, in words. */
  readonly notices: readonly string[];
}

/**
 * Where prices come from while they are made. An adapter speaks to its provider once per call and says what went wrong;
 * trying again, limits and breakers lie around all of them (`resilient.ts`), and so do the checks of prices.
 */
export interface PriceSource {
  readonly name: string;
  /**
   * Daily bars as traded with their events, for sessions from `from` on. May hold rows after `to`, such as one of the
   * session that is still open.
   * @throws SourceFailure when there is no answer, or none that can be read
   * @throws StockcastError SOURCE_TICKER_UNKNOWN
   */
  history(ticker: string, from: SessionDate, to: SessionDate, signal: AbortSignal): Promise<FetchedHistory>;
  /**
   * The newest price, unchecked.
   * @throws SourceFailure when there is no answer, or none that can be read
   * @throws StockcastError SOURCE_TICKER_UNKNOWN
   */
  quote(ticker: string, signal: AbortSignal): Promise<Quote>;
}

/** An attempt that failed for a reason that may pass: trying again can help. */
export class SourceFailure extends Error {
  override readonly name = 'SourceFailure';
  /** How long the provider asks to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly retryAfterMs?: number | undefined } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}
