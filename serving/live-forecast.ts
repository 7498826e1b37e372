import { latestClosedSession } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Forecast } from '../domain/forecast.ts';
import { CSV_SOURCE } from '../domain/price-source.ts';
import type { CacheVerdict, Given } from './cache-aside.ts';
import type { ExperimentArm } from './experiment-traffic.ts';
import { type ForecastRequest, newestForecast } from './forecasting.ts';
import type { Forecasts } from './forecasts.ts';
import { tickersOnce } from './histories.ts';
import { type QuoteAnswer, closeUnder, leavesTheKnown, quote, within } from './quotes.ts';
import { keepFresh } from './refresh-prices.ts';
import type { Services } from './services.ts';

/** A forecast, with what the ticker costs now where a live source was asked. */
export interface LiveForecast {
  readonly given: Given<Forecast>;
  readonly quote?: QuoteAnswer;
  /** How the quote was come by, where quotes are held. */
  readonly quoteVerdict?: CacheVerdict;
  /** Where an experiment decides who answers. */
  readonly experiment?: ExperimentArm;
}

/**
 * A forecast from the newest closed sessions that a source knows, with its quote of now. Waits for the source only as
 * long as the settings say; without it, forecasts from what is known and says so. With `csv`, the forecast alone. Where
 * the held forecast has seen the newest closed session, and the quote is held too, nothing else is asked.
 * @param source by default the configured one
 * @throws StockcastError as `forecast`; SOURCE_UNKNOWN
 * @throws StockcastError as `refreshPrices` when nothing is known of the ticker
 */
export async function liveForecast(
  services: Services,
  forecasts: Forecasts,
  context: Context,
  request: ForecastRequest & { readonly source?: string | undefined },
  tickers?: ReturnType<typeof tickersOnce>,
): Promise<LiveForecast> {
  const { source = services.prices.settings.source } = request;
  if (source === CSV_SOURCE) return { given: await forecasts.get(context, request, tickers) };
  return withSource(services, forecasts, context, request, source, tickers);
}

async function withSource(
  services: Services,
  forecasts: Forecasts,
  context: Context,
  asked: ForecastRequest,
  source: string,
  tickers = tickersOnce(services, context),
): Promise<LiveForecast> {
  const { settings, sources } = services.prices;
  sources.named(source);
  const started = performance.now();
  const left = () => Math.max(1, settings.patienceMs - (performance.now() - started));
  const fresh = () => within(left(), source, keepFresh(services, context, asked.ticker, source));

  let given = await forecasts.get(context, asked, tickers).catch(undefinedIfUnknown);
  if (given === undefined) {
    await fresh();
    given = await forecasts.get(context, asked);
  } else if (given.verdict !== 'stale' && given.value.originSession < latestClosedSession(context.clock.now())) {
    given = await onNewest(given);
  }
  const last = closeUnder(given.value);
  const { answer, verdict } = await quote(services, context, { ticker: asked.ticker, source, last }, left());
  return { given, quote: answer, ...(verdict === undefined ? {} : { quoteVerdict: verdict }) };

  async function onNewest(held: Given<Forecast>): Promise<Given<Forecast>> {
    let newest: string | undefined;
    try {
      newest = await fresh();
    } catch (error) {
      if (!leavesTheKnown(error)) throw error;
      const notes = [...held.value.notes, `The newest sessions are missing: ${error.message}`];
      return { ...held, value: { ...held.value, notes } };
    }
    if (newest === undefined || newest <= held.value.originSession) return held;
    // A cache hears of new sessions a moment after they were taken in.
    return { value: await newestForecast(services, context, asked, tickers), verdict: 'miss', ageMs: 0 };
  }
}

// A source may know a ticker that was never heard of.
function undefinedIfUnknown(error: unknown): undefined {
  if (!(error instanceof StockcastError) || error.code !== 'TICKER_UNKNOWN') throw error;
}
