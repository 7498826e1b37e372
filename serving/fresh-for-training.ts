import type { SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { CSV_SOURCE } from '../domain/price-source.ts';
import { aFewAtATime } from './a-few-at-a-time.ts';
import { leavesTheKnown } from './quotes.ts';
import { keepFresh } from './refresh-prices.ts';
import type { Services } from './services.ts';
import { vantageOf } from './vantages.ts';

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
 * known then. A ticker whose source fails is trained on what is known of it; what fails otherwise, or an abort, ends it
 * before further tickers are asked for.
 * @param tickers by default all known ones
 * @param source by default the configured one; for `csv` nothing is asked and nothing returned
 * @param asOf a training on an earlier day's knowledge needs nothing newer: as for `csv`
 * @throws StockcastError SOURCE_UNKNOWN
 * @throws StockcastError SOURCE_UNAVAILABLE, SOURCE_TICKER_UNKNOWN, PRICES_REFUSED when nothing is known of a ticker
 */
export async function freshForTraining(
  services: Services,
  context: Context,
  tickers: readonly string[] | undefined,
  {
    source = services.prices.settings.source,
    asOf,
    signal,
  }: {
    readonly source?: string | undefined;
    readonly asOf?: SessionDate | undefined;
    readonly signal: AbortSignal;
  },
): Promise<TrainingPrices[]> {
  services.prices.sources.named(source);
  if (source === CSV_SOURCE || asOf !== undefined) return [];
  const asked = tickers ?? (await services.bars.tickers(context)).map(({ ticker }) => ticker);
  const prices = await aFewAtATime([...new Set(asked)].sort(), (ticker) => {
    signal.throwIfAborted();
    return freshTicker(services, context, ticker, source);
  });
  signal.throwIfAborted();
  return prices;
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
  const last = await services.bars.newestSession(context, ticker, vantageOf(context));
  if (last === undefined && failure !== undefined) throw failure;
  const problem = failure === undefined ? {} : { problem: failure.message };
  return { ticker, source, last_session: last ?? '', stale: failure !== undefined, ...problem };
}
