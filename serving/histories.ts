import type { AdjustedSeries, CorporateEvent, PriceSeries, Vantage } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { adjust } from '../market/adjustment.ts';
import type { TickerSummary } from '../stores/bars/bar-store.ts';
import type { Services } from './services.ts';

/** The history of a ticker as seen from a vantage: bars as traded and the events that adjust them. */
export interface History {
  readonly series: PriceSeries;
  readonly events: readonly CorporateEvent[];
}

/**
 * Reads what is known of a ticker.
 * @throws StockcastError TICKER_UNKNOWN, naming the tickers that are known
 */
export async function historyOf(
  services: Services,
  context: Context,
  ticker: string,
  vantage: Vantage,
): Promise<History> {
  const [series, events] = await Promise.all([
    services.bars.series(context, ticker, vantage),
    services.bars.events(context, ticker, vantage),
  ]);
  if (series === undefined) throw tickerUnknown(ticker, await listTickers(services, context));
  return { series, events };
}

/** The history with its prices adjusted by the events in it. */
export function adjusted({ series, events }: History): AdjustedSeries {
  return adjust(series, events);
}

/** The tickers that are known, with what is held of each. */
export function listTickers(services: Services, context: Context): Promise<TickerSummary[]> {
  return services.bars.tickers(context);
}

/**
 * The tickers asked for, each once; without any, all that are known.
 * @throws StockcastError TICKER_UNKNOWN
 */
export async function knownTickers(
  services: Services,
  context: Context,
  asked?: readonly string[],
): Promise<readonly string[]> {
  const known = await listTickers(services, context);
  if (asked === undefined) return known.map(({ ticker }) => ticker);
  const stranger = asked.find((ticker) => !known.some((summary) => summary.ticker === ticker));
  if (stranger !== undefined) throw tickerUnknown(stranger, known);
  return [...new Set(asked)];
}

/** The known tickers, read at first use and then kept: for one request that may ask often. */
export function tickersOnce(services: Services, context: Context): () => Promise<readonly TickerSummary[]> {
  let known: Promise<readonly TickerSummary[]> | undefined;
  return () => (known ??= listTickers(services, context));
}

/** The error that says which tickers are known. */
export function tickerUnknown(ticker: string, tickers: readonly TickerSummary[]): StockcastError {
  const known = tickers.map((summary) => summary.ticker);
  const shown = known.length > 20 ? [...known.slice(0, 20), `and ${known.length - 20} more`] : known;
  return new StockcastError('TICKER_UNKNOWN', { ticker, known: shown.length === 0 ? 'none yet' : shown });
}
