import type { Vantage } from '../domain/bar.ts';
import { addSessions, latestClosedSession } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Forecast } from '../domain/forecast.ts';
import type { Horizon } from '../domain/horizon.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import { buildFeatures } from '../models/features/build-features.ts';
import { kindNamed } from '../models/kinds.ts';
import { answerOf } from './model-answer.ts';
import { adjusted, historyOf, tickerUnknown, tickersOnce } from './histories.ts';
import type { Services } from './services.ts';
import { registered } from './training.ts';
import { vantageOf } from './vantages.ts';

/** What is asked for; without `kind`, the promoted model answers. */
export interface ForecastRequest {
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly kind?: string;
}

/**
 * Forecasts from the newest known session. A forecast is made once per model version, session and horizon, and stored
 * before it is returned.
 * @param tickers the known tickers, for the error of an unknown one: those who ask often share one reading
 * @throws StockcastError TICKER_UNKNOWN, MODEL_KIND_UNKNOWN, MODEL_MISSING
 */
export async function forecast(
  services: Services,
  context: Context,
  request: ForecastRequest,
  tickers = tickersOnce(services, context),
): Promise<Forecast> {
  const { ticker, horizon, kind } = request;
  if (kind !== undefined) kindNamed(kind);
  const model =
    kind === undefined
      ? await promotedModel(services, context, ticker, horizon)
      : await services.registry.newest(context, ticker, horizon, kind);
  if (model === undefined) throw await missingModel(services, context, request, tickers);
  return withStaleness(await forecastBy(services, context, model, vantageOf(context)), context.clock.now());
}

/** As `forecast`, for one registered model and vantage. */
export async function forecastWith(
  services: Services,
  context: Context,
  modelId: string,
  vantage: Vantage,
): Promise<Forecast> {
  return forecastBy(services, context, await registered(services, context, modelId), vantage);
}

async function promotedModel(services: Services, context: Context, ticker: string, horizon: Horizon) {
  const promotion = await services.ledger.production(context, ticker, horizon);
  return promotion === undefined ? undefined : services.registry.find(context, promotion.modelId);
}

async function forecastBy(
  services: Services,
  context: Context,
  model: ModelVersion,
  vantage: Vantage,
): Promise<Forecast> {
  const { ticker, horizon, kind, id: modelId, evaluation } = model;
  // Most forecasts that are asked for are stored already: the history is read for the others alone.
  const newest = await services.bars.newestSession(context, ticker, vantage);
  const stored = newest && (await services.forecasts.find(context, modelId, newest, horizon));
  if (stored) return stored;

  const history = await historyOf(services, context, ticker, vantage);
  const originSession = history.series.dates.at(-1)!;
  const answer = await answerOf(services, context, model, buildFeatures(adjusted(history)));
  const { notes, ...said } = answer;
  const made: Forecast = {
    ticker,
    horizon,
    modelId,
    kind,
    modelVersion: model.version,
    originSession,
    targetSession: addSessions(originSession, horizon),
    currentPrice: history.series.close.at(-1)!,
    ...said,
    ...(model.certificate === undefined ? {} : { certificateId: model.certificate.id }),
    ...(evaluation === undefined ? {} : { baselineRatio: evaluation.rmseRatioToNaive }),
    notes: [...(evaluation?.notes ?? []), ...notes],
    madeAt: context.clock.now().toISOString(),
  };
  // A model that is still being evaluated says little of itself; storing that would keep it so for ever.
  return evaluation === undefined ? made : services.forecasts.save(context, made);
}

/** Adds, for this answer, that the newest known session is not the newest that has closed. */
function withStaleness(forecast: Forecast, now: Date): Forecast {
  const { originSession, notes } = forecast;
  const newest = latestClosedSession(now);
  if (originSession >= newest) return forecast;
  const note = `The newest known session is ${originSession}; upload later prices for a current forecast.`;
  return { ...forecast, notes: [...notes, note] };
}

/** The error for a ticker, horizon and kind without a model: an unknown ticker is said to be so. */
export async function missingModel(
  services: Services,
  context: Context,
  request: ForecastRequest,
  tickers: ReturnType<typeof tickersOnce>,
): Promise<StockcastError> {
  const { ticker, horizon, kind } = request;
  const known = await tickers();
  if (!known.some((summary) => summary.ticker === ticker)) return tickerUnknown(ticker, known);
  return new StockcastError('MODEL_MISSING', {
    ticker,
    horizon,
    kind: kind ?? 'promoted',
    how: `POST /train/${ticker}, or npx stockcast train ${ticker}`,
    trained: await services.registry.kinds(context, ticker, horizon),
  });
}
