import type { SessionDate } from '../domain/bar.ts';
import { newYorkDate } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { CSV_SOURCE } from '../domain/price-source.ts';
import { leavesTheKnown } from './quotes.ts';
import { keepFresh } from './refresh-prices.ts';
import type { Services } from './services.ts';

/** Tickers asked for side by side; the rate of the source holds them back further. */
const AT_A_TIME = 4;

/** What a training may rest on, after its source was asked for newer sessions. */
export interface TrainingPrices {
  readonly ticker: string;
  readonly source: string;
  readonly last_session: SessionDate;
  /** Whether the source could not be asked or believed, so that newer sessions may be missing. */
  readonly stale: boolean;
  readonly problem?: string;
}

/**
 * Brings the newest closed sessions of tickers in before a training is planned, so that the run is named after what is
 * known then. A ticker whose source fails is trained on what is known of it.
 * @param tickers by default all known ones
 * @param source by default the configured one; for `csv` nothing is asked and nothing returned
 * @throws StockcastError SOURCE_UNKNOWN
 * @throws StockcastError SOURCE_UNAVAILABLE, SOURCE_TICKER_UNKNOWN, PRICES_REFUSED when nothing is known of a ticker
 */
export async function freshForTraining(
  services: Services,
  context: Context,
  tickers: readonly string[] | undefined,
  source: string = services.prices.settings.source,
): Promise<TrainingPrices[]> {
  services.prices.sources.named(source);
  if (source === CSV_SOURCE) return [];
  const asked = tickers ?? (await services.bars.tickers(context)).map(({ ticker }) => ticker);
  const waiting = [...new Set(asked)].sort();
  const prices: TrainingPrices[] = [];
  const work = async () => {
    for (let ticker = waiting.shift(); ticker !== undefined; ticker = waiting.shift()) {
      prices.push(await freshTicker(services, context, ticker, source));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return prices.sort((a, b) => (a.ticker < b.ticker ? -1 : 1));
}

async function freshTicker(
  services: Services,
  context: Context,
  ticker: string,
  source: string,
): Promise<TrainingPrices> {
  let failure: Error | undefined;
  try {
    await keepFresh(services, context, ticker, source);
  } catch (error) {
    if (!leavesTheKnown(error)) throw error;
    failure = error;
  }
  const now = context.clock.now();
  const last = await services.bars.newestSession(context, ticker, {
    asOf: newYorkDate(now),
    knownAt: now.toISOString(),
  });
  if (last === undefined && failure !== undefined) throw failure;
  const problem = failure === undefined ? {} : { problem: failure.message };
  return { ticker, source, last_session: last ?? '', stale: failure !== undefined, ...problem };
}
