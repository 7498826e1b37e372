import { z } from 'zod';
import type { CorporateEvent } from '../../domain/bar.ts';
import { closeOf, sessionsBetween } from '../../domain/calendar.ts';
import { StockcastError } from '../../domain/errors.ts';
import { type FetchedHistory, type PriceSource, SourceFailure } from './price-source.ts';
import { excerpt, providerFetch } from './provider-fetch.ts';

/** The short answer holds 100 sessions up to now, and takes a hundredth of the time. */
const COMPACT_SESSIONS = 90;

const series = z.object({
  'Time Series (Daily)': z.record(
    z.iso.date(),
    z.object({
      '1. open': z.coerce.number(),
      '2. high': z.coerce.number(),
      '3. low': z.coerce.number(),
      '4. close': z.coerce.number(),
      '6. volume': z.coerce.number(),
      '7. dividend amount': z.coerce.number(),
      '8. split coefficient': z.coerce.number(),
    }),
  ),
});
const quoted = z.object({
  'Global Quote': z.object({ '05. price': z.coerce.number(), '07. latest trading day': z.iso.date() }),
});
const refusal = z.object({
  'Error Message': z.string().optional(),
  Note: z.string().optional(),
  Information: z.string().optional(),
});

/**
 * Alpha Vantage's JSON: daily prices as traded with dividends and split coefficients, and the global quote. It says that
 * it was asked too often, or that a plan does not cover a request, in answers with status 200.
 */
export function alphaVantageSource(base: string, key: string): PriceSource {
  const fetchWhole = providerFetch(base);
  const unknown = (ticker: string, problem: string) =>
    new StockcastError('SOURCE_TICKER_UNKNOWN', { ticker, source: 'alpha-vantage', problem });

  async function ask<T>(ticker: string, parameters: Record<string, string>, form: z.ZodType<T>, signal: AbortSignal) {
    const query = new URLSearchParams({ ...parameters, symbol: ticker, apikey: key });
    const text = await (await fetchWhole(`${base}/query?${query}`, { signal })).text();
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch (cause) {
      throw new SourceFailure(`no answer that can be read: not JSON: ${excerpt(text)}`, { cause });
    }
    const said = refusal.safeParse(answer).data ?? {};
    // It repeats the key in what it says.
    const words = (message: string) => excerpt(message.replaceAll(key, '(key)'));
    if (said['Error Message'] !== undefined) throw unknown(ticker, words(said['Error Message']));
    const refused = said.Note ?? said.Information;
    if (refused !== undefined) throw new SourceFailure(`refused: ${words(refused)}`);
    const read = form.safeParse(answer);
    if (read.success) return read.data;
    if (isEmpty(answer)) throw unknown(ticker, 'no such symbol');
    throw new SourceFailure(`no answer that can be read: ${excerpt(z.prettifyError(read.error))}`);
  }

  return {
    name: 'alpha-vantage',
    history: async (ticker, from, to, signal): Promise<FetchedHistory> => {
      const outputsize = sessionsBetween(from, to).length <= COMPACT_SESSIONS ? 'compact' : 'full';
      const asked = { function: 'TIME_SERIES_DAILY_ADJUSTED', outputsize };
      const answer = await ask(ticker, asked, series, signal);
      const rows = Object.entries(answer['Time Series (Daily)'])
        .filter(([date]) => date >= from)
        .sort(([a], [b]) => (a < b ? -1 : 1));
      const events = rows.flatMap(([date, row]): CorporateEvent[] => {
        const split = row['8. split coefficient'];
        const dividend = row['7. dividend amount'];
        return [
          ...(split === 1 ? [] : [{ ticker, date, kind: 'split' as const, value: split }]),
          ...(dividend === 0 ? [] : [{ ticker, date, kind: 'dividend' as const, value: dividend }]),
        ];
      });
      const bars = rows.map(([date, row]) => ({
        date,
        open: row['1. open'],
        high: row['2. high'],
        low: row['3. low'],
        close: row['4. close'],
        volume: row['6. volume'],
      }));
      return { bars, events, notices: [] };
    },
    quote: async (ticker, signal) => {
      const { 'Global Quote': quote } = await ask(ticker, { function: 'GLOBAL_QUOTE' }, quoted, signal);
      // The day is all that it tells of the time.
      return { price: quote['05. price'], at: closeOf(quote['07. latest trading day']).toISOString() };
    },
  };
}

function isEmpty(answer: unknown): boolean {
  const quote = (answer as { 'Global Quote'?: object } | null)?.['Global Quote'] ?? answer;
  return typeof quote === 'object' && quote !== null && Object.keys(quote).length === 0;
}
