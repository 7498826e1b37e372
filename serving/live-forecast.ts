import type { SessionDate } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Forecast } from '../domain/forecast.ts';
import { CSV_SOURCE } from '../domain/price-source.ts';
import type { Given } from './cache-aside.ts';
import { type ForecastRequest, newestForecast } from './forecasting.ts';
import type { Forecasts } from './forecasts.ts';
import { tickersOnce } from './histories.ts';
import { type QuoteAnswer, leavesTheKnown, quote, within } from './quotes.ts';
import { keepFresh } from './refresh-prices.ts';
import type { Services } from './services.ts';

/** A forecast, with what the ticker costs now where a live source was asked. */
export interface LiveForecast {
  readonly given: Given<Forecast>;
  readonly quote?: QuoteAnswer;
}

/**
 * A forecast from the newest closed sessions that a source knows, with its quote of now. Waits for the source only as
 * long as the settings say; without it, forecasts from what is known and says so. With `csv`, the forecast alone.
 * @param source by default the configured one
 * @throws StockcastError as `forecast`; SOURCE_UNKNOWN
 * @throws StockcastError SOURCE_UNAVAILABLE, SOURCE_TICKER_UNKNOWN, PRICES_REFUSED when nothing is known of the ticker
 */
export async function liveForecast(
  services: Services,
  forecasts: Forecasts,
  context: Context,
  request: ForecastRequest & { readonly source?: string },
  options: { readonly signal?: () => AbortSignal; readonly tickers?: ReturnType<typeof tickersOnce> } = {},
): Promise<LiveForecast> {
  const { settings } = services.prices;
  const { source = settings.source, ...asked } = request;
  const tickers = options.tickers ?? tickersOnce(services, context);
  if (source === CSV_SOURCE) return { given: await forecasts.get(context, asked, tickers) };
  const { ticker } = asked;
  const started = performance.now();
  const left = () => Math.max(1, settings.patienceMs - (performance.now() - started));
  let newest: SessionDate | undefined;
  let problem: string | undefined;
  let quoted: QuoteAnswer | undefined;
  try {
    newest = await within(left(), source, keepFresh(services, context, ticker, source));
  } catch (error) {
    if (!leavesTheHeld(error)) throw error;
    problem = error.message;
  }
  try {
    quoted = await quote(services, context, ticker, source, {
      patienceMs: left(),
      ...(options.signal === undefined ? {} : { signal: options.signal() }),
    });
  } catch (error) {
    // Without the database nothing is known to compare a price with, but a forecast may lie ready.
    if (!isDatabaseAway(error)) throw error;
  }
  let given = await forecasts.get(context, asked, tickers);
  // A cache hears of new sessions a moment after they were taken in.
  if (newest !== undefined && given.value.originSession < newest) {
    given = { value: await newestForecast(services, context, asked, tickers), verdict: 'miss', ageMs: 0 };
  }
  if (problem !== undefined) {
    const notes = [...given.value.notes, `The newest sessions are missing: ${problem}`];
    given = { ...given, value: { ...given.value, notes } };
  }
  return { given, ...(quoted === undefined ? {} : { quote: quoted }) };
}

function leavesTheHeld(error: unknown): error is StockcastError {
  return leavesTheKnown(error) || isDatabaseAway(error);
}

function isDatabaseAway(error: unknown): error is StockcastError {
  return error instanceof StockcastError && error.code === 'DATABASE_UNAVAILABLE';
}
