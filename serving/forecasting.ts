import type { SessionDate, Vantage } from '../domain/bar.ts';
import { addSessions, latestClosedSession } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Forecast } from '../domain/forecast.ts';
import type { Horizon } from '../domain/horizon.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import { kindNamed } from '../models/kinds.ts';
import { type ModelAnswer, type ReadyModel, readyModel } from './model-answer.ts';
import { type OnlineFeatures, featuresSeenFrom, newestFeatures } from './feature-store.ts';
import { tickerUnknown, tickersOnce } from './histories.ts';
import { newestOfKind } from './newest-of-kind.ts';
import type { Services } from './services.ts';
import { registered } from './training.ts';
import { vantageOf } from './vantages.ts';

/** What is asked for; without `kind`, the promoted model answers. */
export interface ForecastRequest {
  readonly ticker: string;
  readonly horizon: Horizon;
  /** Default: the promoted model. */
  readonly kind?: string | undefined;
  /** The model itself, as an experiment names it; `kind` is then absent. */
  readonly modelId?: string | undefined;
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
  return withStaleness(await newestForecast(services, context, request, tickers), context.clock.now());
}

/** As `forecast`, without the note that depends on when it is given: the same until prices or models change. */
export async function newestForecast(
  services: Services,
  context: Context,
  request: ForecastRequest,
  tickers = tickersOnce(services, context),
): Promise<Forecast> {
  const model = await modelFor(services, context, request, tickers);
  return forecastBy(services, context, model);
}

/** A forecast as it is stored, and the model ready to make it again. */
export interface PreparedForecast {
  readonly stored: Forecast;
  readonly model: ReadyModel;
}

/** Reads everything that is needed to make a forecast again and again; throws as `forecast`. */
export async function prepareForecast(
  services: Services,
  context: Context,
  request: ForecastRequest,
  tickers = tickersOnce(services, context),
): Promise<PreparedForecast> {
  const version = await modelFor(services, context, request, tickers);
  const stored = await forecastBy(services, context, version);
  const { features } = await newestFeatures(services, context, request.ticker, stored.originSession);
  return { stored, model: await readyModel(services, context, version, features) };
}

/**
 * Makes a forecast again from what lies ready. One that a restated price has changed stays as it is stored; one that
 * comes out as it is stored, to the last bit, is given as the same object, so that its answer is written down once.
 */
export function makeAgain({ stored, model }: PreparedForecast): Forecast {
  const { notes: _, ...said } = model();
  const saysTheSame =
    said.logReturn === stored.logReturn &&
    said.intervals.every(({ lower, upper }, i) => {
      const before = stored.intervals[i];
      return lower === before?.lower && upper === before.upper;
    });
  const isAsSure = said.confidence === stored.confidence && said.directionProbability === stored.directionProbability;
  return saysTheSame && !isAsSure ? { ...stored, ...said } : stored;
}

async function modelFor(
  services: Services,
  context: Context,
  request: ForecastRequest,
  tickers: ReturnType<typeof tickersOnce>,
): Promise<ModelVersion> {
  const { ticker, horizon, kind, modelId } = request;
  if (modelId !== undefined) return registered(services, context, modelId);
  if (kind !== undefined) kindNamed(kind);
  const model =
    kind === undefined
      ? await promotedModel(services, context, ticker, horizon)
      : await newestOfKind(services, context, { ticker, horizon, kind });
  if (model === undefined) throw await missingModel(services, context, request, tickers);
  return model;
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

/** As `forecast`, by a model, from a vantage; without one, from now. */
export async function forecastBy(
  services: Services,
  context: Context,
  model: ModelVersion,
  vantage?: Vantage,
): Promise<Forecast> {
  const { ticker, horizon, id: modelId, evaluation } = model;
  // Most forecasts that are asked for are stored already: the history is read for the others alone.
  const newest = await services.bars.newestSession(context, ticker, vantage ?? vantageOf(context));
  const stored = newest && (await services.forecasts.find(context, modelId, newest, horizon));
  if (stored) return stored;

  const seen =
    vantage === undefined
      ? await newestFeatures(services, context, ticker, newest)
      : await featuresSeenFrom(services, context, ticker, vantage);
  const made = await forecastFrom(services, context, model, seen);
  // A model that is still being evaluated says little of itself; storing that would keep it so for ever.
  return evaluation === undefined ? made : services.forecasts.save(context, made);
}

/** Makes a model's forecast from the newest session seen from a vantage; what is stored plays no part. */
export async function freshForecast(
  services: Services,
  context: Context,
  model: ModelVersion,
  vantage: Vantage,
): Promise<Forecast> {
  return forecastFrom(services, context, model, await featuresSeenFrom(services, context, model.ticker, vantage));
}

async function forecastFrom(
  services: Services,
  context: Context,
  model: ModelVersion,
  seen: OnlineFeatures,
): Promise<Forecast> {
  const { ticker, horizon, kind, id: modelId, evaluation } = model;
  const originSession = seen.session;
  const ready = await readyModel(services, context, model, seen.features);
  const answer: ModelAnswer = ready();
  const { notes, ...said } = answer;
  return {
    ticker,
    horizon,
    modelId,
    kind,
    modelVersion: model.version,
    originSession,
    targetSession: addSessions(originSession, horizon),
    currentPrice: seen.close,
    ...said,
    ...(model.certificate === undefined ? {} : { certificateId: model.certificate.id }),
    ...(evaluation === undefined ? {} : { baselineRatio: evaluation.rmseRatioToNaive }),
    notes: [...(evaluation?.notes ?? []), ...notes],
    madeAt: context.clock.now().toISOString(),
  };
}

function withStaleness(forecast: Forecast, now: Date): Forecast {
  const note = stalenessNote(forecast, latestClosedSession(now));
  return note === undefined ? forecast : { ...forecast, notes: [...forecast.notes, note] };
}

/** Says that the newest known session is not `newestClosed`, the newest that has closed; undefined where it is. */
export function stalenessNote({ originSession }: Forecast, newestClosed: SessionDate): string | undefined {
  if (originSession >= newestClosed) return undefined;
  return `The newest known session is ${originSession}; upload later prices for a current forecast.`;
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
