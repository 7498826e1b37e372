import type { ChartResultArray } from 'yahoo-finance2/modules/chart';
import type { CorporateEvent, SessionDate } from '../../domain/bar.ts';
import { newYorkDate } from '../../domain/calendar.ts';
import { StockcastError } from '../../domain/errors.ts';
import { type FetchedBar, type FetchedHistory, type PriceSource, SourceFailure } from './price-source.ts';
import { excerpt, providerFetch } from './provider-fetch.ts';
import { tradedNumber } from './traded-number.ts';

const SILENT = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {}, dir: () => {} };

/**
 * Yahoo Finance through its unofficial client: daily history with splits and dividends (chart), quotes (with the cookies
 * and the crumb that Yahoo wants). Yahoo's prices, volumes and dividends are adjusted for all splits since; they are
 * turned back into what was traded.
 * @param base where requests go instead of to Yahoo's own addresses
 */
export function yahooSource(base: string | undefined): PriceSource {
  const ask = providerFetch(base);
  const session = once(async () => {
    // Loading the client takes a moment that most processes never need.
    const [{ default: Yahoo }, { ExtendedCookieJar }, { getCrumbClear }] = await Promise.all([
      import('yahoo-finance2'),
      import('yahoo-finance2/lib/cookieJar'),
      import('yahoo-finance2/lib/getCrumb'),
    ]);
    const cookieJar = new ExtendedCookieJar();
    const client = new Yahoo({
      fetch: ask,
      cookieJar,
      logger: SILENT,
      suppressNotices: ['yahooSurvey'],
      versionCheck: false,
      // How many calls go at a time is said around the source; one that waits in here would run out of its time.
      queue: { concurrency: Number.POSITIVE_INFINITY },
      validation: { logErrors: false, logOptionsErrors: false },
    });
    return { client, forgetCrumb: () => getCrumbClear(cookieJar) };
  });

  return {
    name: 'yahoo',
    history: async (ticker, from, _to, signal) => {
      const { client } = await session();
      try {
        // Up to now, whatever the last session asked for: splits since then are what its prices are adjusted by.
        const options = { period1: from, interval: '1d', events: 'div|split', includePrePost: false } as const;
        return historyOf(ticker, from, await client.chart(symbolOf(ticker), options, { fetchOptions: { signal } }));
      } catch (error) {
        signal.throwIfAborted();
        throw translated(ticker, error);
      }
    },
    quote: async (ticker, signal) => {
      const { client, forgetCrumb } = await session();
      try {
        const found = await client.quote(symbolOf(ticker), {}, { fetchOptions: { signal } });
        if (found === undefined) throw unknown(ticker, 'no such symbol');
        const { regularMarketPrice: price, regularMarketTime: at, currency } = found;
        requireDollars(ticker, currency);
        if (price === undefined || at === undefined) throw new SourceFailure(`no price in the quote of ${ticker}`);
        return { price, at: new Date(at).toISOString() };
      } catch (error) {
        signal.throwIfAborted();
        // The client keeps a crumb for ever, also one that Yahoo no longer takes.
        if (error instanceof Error && /crumb|cookie|unauthorized/i.test(error.message)) await forgetCrumb();
        throw translated(ticker, error);
      }
    },
  };
}

function historyOf(ticker: string, from: SessionDate, { meta, quotes, events }: ChartResultArray): FetchedHistory {
  requireDollars(ticker, meta.currency);
  const splits = (events?.splits ?? []).map(({ date, numerator, denominator }) => ({
    date: newYorkDate(date),
    ratio: numerator / denominator,
  }));
  /** By how many of today's shares a share of that day has been replaced. */
  const sharesSince = (day: SessionDate): number =>
    splits.reduce((product, { date, ratio }) => (date > day ? product * ratio : product), 1);

  const bars: FetchedBar[] = [];
  let nEmpty = 0;
  for (const { date: instant, open, high, low, close, volume } of quotes) {
    const date = newYorkDate(instant);
    if (open === null && high === null && low === null && close === null) {
      nEmpty++;
      continue;
    }
    const shares = sharesSince(date);
    const price = (value: number | null) => (value === null ? null : tradedNumber(value * shares));
    const bar: FetchedBar = {
      date,
      open: price(open),
      high: price(high),
      low: price(low),
      close: price(close),
      volume: volume === null ? null : Math.round(volume / shares),
    };
    const before = bars.at(-1);
    // The newest session may come in two rows: what it was at its last change, and the trade that came last.
    if (before?.date === date) bars[bars.length - 1] = merged(before, bar);
    else bars.push(bar);
  }
  const dividends = (events?.dividends ?? []).map(({ date: instant, amount }): CorporateEvent => {
    const date = newYorkDate(instant);
    return { ticker, date, kind: 'dividend', value: Number((amount * sharesSince(date)).toPrecision(6)) };
  });
  const asEvents = splits.map(({ date, ratio }): CorporateEvent => ({ ticker, date, kind: 'split', value: ratio }));
  return {
    bars,
    events: [...asEvents, ...dividends].filter(({ date }) => date >= from),
    notices: nEmpty === 0 ? [] : [`${nEmpty} ${nEmpty === 1 ? 'row' : 'rows'} of yahoo without any price left out`],
  };
}

function merged(first: FetchedBar, last: FetchedBar): FetchedBar {
  const of = (pick: (...values: number[]) => number, a: number | null, b: number | null) =>
    a === null ? b : b === null ? a : pick(a, b);
  return {
    ...last,
    open: first.open ?? last.open,
    high: of(Math.max, first.high, last.high),
    low: of(Math.min, first.low, last.low),
    close: last.close ?? first.close,
    volume: of(Math.max, first.volume, last.volume),
  };
}

// Yahoo writes the class of a share behind a hyphen (BRK-B).
function symbolOf(ticker: string): string {
  return ticker.replace('.', '-');
}

function requireDollars(ticker: string, currency: string | undefined): void {
  if (currency !== undefined && currency !== 'USD') throw unknown(ticker, `it is traded in ${currency}, not in USD`);
}

function unknown(ticker: string, problem: string): StockcastError {
  return new StockcastError('SOURCE_TICKER_UNKNOWN', { ticker, source: 'yahoo', problem });
}

function translated(ticker: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof SourceFailure || error instanceof StockcastError) return error;
  const { message } = error;
  // What can't be read is quoted by the client: half of an answer may say anything.
  const isRead = !message.includes('not parsable');
  if (isRead && /no data found|not found|delisted|data doesn't exist/i.test(message))
    return unknown(ticker, excerpt(message));
  return new SourceFailure(`no answer that can be read: ${excerpt(message)}`, { cause: error });
}

/** Makes a value at first use; one that failed is made anew. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    }));
}
