import type { Context } from '../domain/context.ts';
import type { Forecast } from '../domain/forecast.ts';
import { CSV_SOURCE } from '../domain/price-source.ts';
import { type ForecastRequest, forecast } from './forecasting.ts';
import { tickersOnce } from './histories.ts';
import { type QuoteAnswer, leavesTheKnown, quote, within } from './quotes.ts';
import { keepFresh } from './refresh-prices.ts';
import type { Services } from './services.ts';

/**
 * A forecast from the newest closed sessions that a source knows, with its quote of now. Waits for the source only as
 * long as the settings say; without it, forecasts from what is known and says so. With `csv`, the forecast alone.
 * @param source by default the configured one
 * @throws StockcastError as `forecast`; SOURCE_UNKNOWN
 * @throws StockcastError SOURCE_UNAVAILABLE, SOURCE_TICKER_UNKNOWN, PRICES_REFUSED when nothing is known of the ticker
 */
export async function liveForecast(
  services: Services,
  context: Context,
  request: ForecastRequest & { readonly source?: string },
  options: { readonly signal?: AbortSignal; readonly tickers?: ReturnType<typeof tickersOnce> } = {},
): Promise<{ readonly forecast: Forecast; readonly quote?: QuoteAnswer }> {
  const { settings } = services.prices;
  const { source = settings.source, ...asked } = request;
  const tickers = options.tickers ?? tickersOnce(services, context);
  if (source === CSV_SOURCE) return { forecast: await forecast(services, context, asked, tickers) };
  const { ticker } = asked;
  const started = performance.now();
  const left = () => Math.max(1, settings.patienceMs - (performance.now() - started));
  const problem = await within(left(), source, keepFresh(services, context, ticker, source)).catch((error: unknown) => {
    if (!leavesTheKnown(error)) throw error;
    return error.message;
  });
  const quoted = await quote(services, context, ticker, source, {
    patienceMs: left(),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const made = await forecast(services, context, asked, tickers);
  const notes =
    typeof problem === 'string' ? [...made.notes, `The newest sessions are missing: ${problem}`] : made.notes;
  return { forecast: { ...made, notes }, quote: quoted };
}
