import { addSessions, closeOf, latestClosedSession, latestSessionOn, newYorkDate } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { CSV_SOURCE, type Quote } from '../domain/price-source.ts';
import { jumpInWords, priceJumps } from '../market/sources/price-jumps.ts';
import type { PriceSources } from '../market/sources/sources.ts';
import { refreshPrices } from './refresh-prices.ts';
import type { Services } from './services.ts';

/** A quote that may have been held for a while. */
export interface KnownQuote extends Quote {
  /** Whether it was held for longer than quotes count as current, since the source could not be asked yet. */
  readonly stale?: boolean;
}

/** Answers what a ticker costs now. A cache may stand before the sources: it implements the same. */
export interface Quotes {
  /**
   * The newest price that a live source knows of, unchecked.
   * @throws StockcastError SOURCE_UNKNOWN, SOURCE_UNAVAILABLE, SOURCE_TICKER_UNKNOWN
   */
  quote(context: Context, ticker: string, source: string, signal: AbortSignal): Promise<KnownQuote>;
}

/** Asks the source each time. */
export class SourceQuotes implements Quotes {
  readonly #sources: PriceSources;

  constructor(sources: PriceSources) {
    this.#sources = sources;
  }

  async quote(_context: Context, ticker: string, source: string, signal: AbortSignal): Promise<Quote> {
    const live = this.#sources.named(source);
    if (live === undefined) {
      throw new StockcastError('SOURCE_UNAVAILABLE', {
        source,
        problem: 'it knows no prices of now',
        retryAfterSeconds: 60,
      });
    }
    return live.quote(ticker, signal);
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

/** What the failure of a source leaves possible: going on with what is known. */
export function leavesTheKnown(error: unknown): error is StockcastError {
  return (
    error instanceof StockcastError &&
    (error.code === 'SOURCE_UNAVAILABLE' || error.code === 'PRICES_REFUSED' || error.code === 'SOURCE_TICKER_UNKNOWN')
  );
}

/**
 * What a ticker costs now by a source; when the source is down or says what can't be, the newest known close, said to be
 * stale. For `csv` always the newest known close, stale when a later session has closed.
 * @throws StockcastError SOURCE_UNKNOWN
 * @throws StockcastError SOURCE_UNAVAILABLE, SOURCE_TICKER_UNKNOWN, PRICES_REFUSED only when nothing is known
 */
export async function quote(
  services: Services,
  context: Context,
  ticker: string,
  source: string,
  {
    signal = new AbortController().signal,
    patienceMs,
  }: { readonly signal?: AbortSignal; readonly patienceMs?: number } = {},
): Promise<QuoteAnswer> {
  const last = await lastKnown(services, context, ticker);
  if (source === CSV_SOURCE && last !== undefined) {
    return answer(context, last, CSV_SOURCE, last.date < latestClosedSession(context.clock.now()));
  }
  try {
    const asking = services.quotes.quote(context, ticker, source, signal);
    const found = await (patienceMs === undefined ? asking : within(patienceMs, source, asking));
    await refuseUnlessSound(services, context, ticker, source, found, last, signal);
    return answer(context, found, source, found.stale === true);
  } catch (error) {
    if (last === undefined || !leavesTheKnown(error)) throw error;
    return { ...answer(context, last, CSV_SOURCE, true), problem: error.message };
  }
}

/**
 * Waits for a source, but no longer than so: what it does goes on, so that the next one who asks finds it done.
 * @throws StockcastError SOURCE_UNAVAILABLE when it takes longer
 */
export async function within<T>(patienceMs: number, source: string, asking: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const problem = `no answer in time (waited ${Math.round(patienceMs)} ms)`;
      reject(new StockcastError('SOURCE_UNAVAILABLE', { source, problem, retryAfterSeconds: 1 }));
    }, patienceMs);
  });
  try {
    return await Promise.race([asking, late]);
  } finally {
    clearTimeout(timer);
    // Nobody waits for it any more; the health of the source remembers why it failed.
    asking.catch(() => undefined);
  }
}

interface KnownClose extends Quote {
  readonly date: string;
}

async function lastKnown(services: Services, context: Context, ticker: string): Promise<KnownClose | undefined> {
  const now = context.clock.now();
  const series = await services.bars.series(context, ticker, { asOf: newYorkDate(now), knownAt: now.toISOString() }, 1);
  const date = series?.dates[0];
  return date === undefined ? undefined : { date, price: series!.close[0]!, at: closeOf(date).toISOString() };
}

/** @throws StockcastError PRICES_REFUSED */
async function refuseUnlessSound(
  services: Services,
  context: Context,
  ticker: string,
  source: string,
  { price, at }: Quote,
  last: KnownClose | undefined,
  signal: AbortSignal,
): Promise<void> {
  const refuse = (problems: string, advice: string) =>
    new StockcastError('PRICES_REFUSED', { ticker, source, problems, advice });
  if (!Number.isFinite(price) || price <= 0) {
    throw refuse(`the price ${price} is not above zero`, 'Ask again later, or another source');
  }
  const session = latestSessionOn(newYorkDate(new Date(at)));
  // Years later a price may be any multiple; only from one session to the next a jump says something.
  if (last === undefined || last.date > session || last.date < addSessions(session, -1)) return;
  const { maxJump } = services.prices.settings;
  const closes = [
    { date: last.date, close: last.price },
    { date: session, close: price },
  ];
  const jumpsNow = async () => {
    const now = context.clock.now();
    const vantage = { asOf: newYorkDate(now), knownAt: now.toISOString() };
    return priceJumps(closes, await services.bars.events(context, ticker, vantage), maxJump);
  };
  if ((await jumpsNow()).length === 0) return;
  // A split of this very morning is not known yet: its session has not closed, so nothing was fetched.
  await refreshPrices(services, context, { ticker, source, from: last.date, signal });
  const jumps = await jumpsNow();
  if (jumps.length > 0) {
    throw refuse(
      jumps.map(jumpInWords).join('; '),
      `Upload the split as an event; if the price is right, raise STOCKCAST_PRICE_MAX_JUMP (${maxJump})`,
    );
  }
}

function answer(context: Context, { price, at }: Quote, source: string, stale: boolean): QuoteAnswer {
  const now = context.clock.now().getTime();
  // A source may know but the day of a price, whose close is yet to come.
  const made = Math.min(new Date(at).getTime(), now);
  return { price, at: new Date(made).toISOString(), source, stale, age_seconds: Math.round((now - made) / 1000) };
}
