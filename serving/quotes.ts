import { closeOf } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Forecast } from '../domain/forecast.ts';
import { CSV_SOURCE, type Quote } from '../domain/price-source.ts';
import type { PriceSources } from '../market/sources/sources.ts';
import type { CacheVerdict } from './cache-aside.ts';

/** A quote that may have been held for a while. */
export interface KnownQuote extends Quote {
  /** How it was come by; absent when nothing is held. */
  readonly verdict?: CacheVerdict;
  /** Why a newer one would be expected; absent when this one counts as current. */
  readonly problem?: string;
}

/** The close of a session. */
export interface KnownClose extends Quote {
  readonly date: string;
}

/** Answers what a ticker costs now. A check and a cache may stand before the sources: they implement the same. */
export interface Quotes {
  /**
   * The newest price that a live source knows of.
   * @param last the newest known close, which a sound price lies near
   * @throws StockcastError SOURCE_UNKNOWN, SOURCE_UNAVAILABLE, SOURCE_TICKER_UNKNOWN, PRICES_REFUSED
   */
  quote(context: Context, ticker: string, source: string, last: KnownClose): Promise<KnownQuote>;
}

/** Asks the source each time and believes what it says. */
export class SourceQuotes implements Quotes {
  readonly #sources: PriceSources;

  constructor(sources: PriceSources) {
    this.#sources = sources;
  }

  async quote(_context: Context, ticker: string, source: string): Promise<Quote> {
    const live = this.#sources.named(source);
    if (live === undefined) {
      throw new StockcastError('SOURCE_UNAVAILABLE', {
        source,
        problem: 'it knows no prices of now',
        retryAfterSeconds: 60,
      });
    }
    // Several may wait for it, so that none of them calls it off.
    return live.quote(ticker, new AbortController().signal);
  }
}

/** A quote as people and programs are given it. */
export interface QuoteAnswer {
  /** USD, as traded. */
  readonly price: number;
  /** When the price was made. */
  readonly at: string;
  /** Who gave it: a live source, or `csv` for the close of the newest session that is held. */
  readonly source: string;
  /** Whether a newer price would be expected, but the source could not be asked or believed. */
  readonly stale: boolean;
  readonly age_seconds: number;
  /** Why it is stale. */
  readonly problem?: string;
}

/**
 * Whether what is known stands although something newer could not be had: whatever went wrong on purpose, but for a
 * source that there is not.
 */
export function leavesTheKnown(error: unknown): error is StockcastError {
  return error instanceof StockcastError && error.code !== 'SOURCE_UNKNOWN';
}

const closes = new WeakMap<Forecast, KnownClose>();

/** The close that a forecast starts from: the same object whenever it is asked for. */
export function closeUnder(forecast: Forecast): KnownClose {
  let close = closes.get(forecast);
  if (close === undefined) {
    const { originSession, currentPrice } = forecast;
    close = { date: originSession, price: currentPrice, at: closeOf(originSession).toISOString() };
    closes.set(forecast, close);
  }
  return close;
}

/**
 * What a ticker costs now by a live source; when it is down, slow, or says what can't be, the newest known close, said to
 * be stale. Of two prices that are both outdated, the later one.
 * @param patienceMs the longest wait
 * @throws StockcastError SOURCE_UNKNOWN
 */
export async function quote(
  { quotes }: { readonly quotes: Quotes },
  context: Context,
  { ticker, source, last }: { readonly ticker: string; readonly source: string; readonly last: KnownClose },
  patienceMs: number,
): Promise<{ readonly answer: QuoteAnswer; readonly verdict?: CacheVerdict | undefined }> {
  try {
    const found = await within(patienceMs, source, quotes.quote(context, ticker, source, last));
    const { verdict, problem } = found;
    const isOlder = problem !== undefined && Date.parse(found.at) < Date.parse(last.at);
    const answer = isOlder ? answerOf(context, last, CSV_SOURCE, problem) : answerOf(context, found, source, problem);
    return { answer, verdict };
  } catch (error) {
    if (!leavesTheKnown(error)) throw error;
    return { answer: answerOf(context, last, CSV_SOURCE, error.message) };
  }
}

/**
 * Waits for a source, but no longer than so: what it does goes on, so that the next one who asks finds it done.
 * @throws StockcastError SOURCE_UNAVAILABLE when it takes longer
 */
export function within<T>(patienceMs: number, source: string, asking: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const problem = `no answer in time (waited ${Math.round(patienceMs)} ms)`;
      reject(new StockcastError('SOURCE_UNAVAILABLE', { source, problem, retryAfterSeconds: 1 }));
    }, patienceMs);
    // What comes later changes nothing any more; the health of the source remembers why it failed.
    asking.then(
      (found) => {
        clearTimeout(timer);
        resolve(found);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

function answerOf(context: Context, { price, at }: Quote, source: string, problem: string | undefined): QuoteAnswer {
  const now = context.clock.now().getTime();
  // A source may know but the day of a price, whose close is yet to come.
  const made = Math.min(new Date(at).getTime(), now);
  const age = { age_seconds: Math.round((now - made) / 1000) };
  const said = { price, at: new Date(made).toISOString(), source, stale: problem !== undefined, ...age };
  return problem === undefined ? said : { ...said, problem };
}
