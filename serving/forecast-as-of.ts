import type { SessionDate } from '../domain/bar.ts';
import { latestClosedSession } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { PastForecast } from '../domain/forecast.ts';
import { CSV_SOURCE } from '../domain/price-source.ts';
import { kindNamed } from '../models/kinds.ts';
import { type ForecastRequest, freshForecast } from './forecasting.ts';
import { tickerUnknown, tickersOnce } from './histories.ts';
import { newestThen, productionThen } from './known-then.ts';
import type { Services } from './services.ts';
import { vantageOf } from './vantages.ts';

/** A request for a forecast as it would have been given at the end of a past day. */
export interface PastForecastRequest extends ForecastRequest {
  readonly asOf: SessionDate;
  /** Only what is held can be looked at as it was: no live source is asked. */
  readonly source?: string | undefined;
}

/**
 * Forecasts as of a date, from what was known at the end of that day in New York and by the model that was in production
 * then (or the named kind's newest of then), by the ledger. It is made anew each time and kept apart from live ones, so
 * that it is never taken for one of these and can still be traced by its id.
 * @throws StockcastError DATE_INVALID, TICKER_UNKNOWN, MODEL_KIND_UNKNOWN, REQUEST_INVALID for a live source
 * @throws StockcastError MODEL_MISSING, with the command that trains one, when none was in production then
 */
export async function forecastAsOf(
  services: Services,
  context: Context,
  { ticker, horizon, kind, asOf, source }: PastForecastRequest,
  tickers = tickersOnce(services, context),
): Promise<PastForecast> {
  const vantage = vantageOf(context, asOf);
  if (kind !== undefined) kindNamed(kind);
  refuseLiveSource(services, source);
  const served = kind === undefined ? await productionThen(services, context, ticker, horizon, vantage) : undefined;
  const model =
    kind === undefined ? served?.model : await newestThen(services, context, ticker, horizon, kind, vantage);
  if (model === undefined) {
    const known = await tickers();
    if (!known.some((summary) => summary.ticker === ticker)) throw tickerUnknown(ticker, known);
    throw missingThen({ ticker, horizon, asOf, ...(kind === undefined ? {} : { kind }) });
  }
  // Certified again since, it may carry another certificate than the one that it came to serve by.
  const { certificateId: _, ...made } = await freshForecast(services, context, model, vantage);
  const certificateId = kind === undefined ? served?.promotion.certificateId : model.certificate?.id;
  const by = kind === undefined ? 'the model that was in production then' : `the newest ${kind} model of then`;
  const notes = [...made.notes, `As of ${asOf}: by ${by}, from what was known at the end of that day.`];
  const newestClosed = latestClosedSession(new Date(vantage.knownAt));
  if (made.originSession < newestClosed) {
    notes.push(`Of the sessions up to ${newestClosed}, the newest that is held is ${made.originSession}.`);
  }
  const past = { ...made, ...(certificateId === undefined ? {} : { certificateId }), notes, vantage };
  await services.forecasts.savePast(context, past);
  return past;
}

function refuseLiveSource(services: Services, source: string = CSV_SOURCE): void {
  services.prices.sources.named(source);
  if (source === CSV_SOURCE) return;
  const problem = `"${source}" knows the prices of today only as they are now; leave it out for a forecast as of a date`;
  throw new StockcastError('REQUEST_INVALID', { field: 'source', problem });
}

function missingThen({ ticker, horizon, asOf, kind }: Omit<PastForecastRequest, 'source'>): StockcastError {
  const command = `npx stockcast predict ${ticker} --as-of ${asOf} --horizon ${horizon}`;
  return new StockcastError('MODEL_MISSING', {
    ticker,
    horizon,
    kind: `${kind ?? 'promoted'} (as of ${asOf})`,
    how: `${command}${kind === undefined ? '' : ` --model ${kind}`} --train, or POST /train/${ticker}?as_of=${asOf}&horizons=${horizon}`,
  });
}
