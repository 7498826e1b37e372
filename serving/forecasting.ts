import type { Vantage } from '../domain/bar.ts';
import { addSessions, latestSessionOn } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { Forecast } from '../domain/forecast.ts';
import type { Horizon } from '../domain/horizon.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import { confidenceOf } from '../models/evaluation/confidence.ts';
import { buildFeatures } from '../models/features/build-features.ts';
import { kindNamed } from '../models/kinds.ts';
import type { Model } from '../models/model.ts';
import { rowRange } from '../models/matrix.ts';
import { adjusted, historyOf, tickerUnknown, tickersOnce } from './histories.ts';
import type { Services } from './services.ts';
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
  return forecastBy(services, context, model, vantageOf(context));
}

/** As `forecast`, for one registered model and vantage. */
export async function forecastWith(
  services: Services,
  context: Context,
  modelId: string,
  vantage: Vantage,
): Promise<Forecast> {
  const model = await services.registry.find(context, modelId);
  if (model === undefined) {
    throw new StockcastError('MODEL_MISSING', { ticker: '?', kind: modelId, horizon: '?', how: 'start the run again' });
  }
  return forecastBy(services, context, model, vantage);
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
  const { X } = buildFeatures(adjusted(history));
  const [logReturn] = (await loadModel(services, context, model)).predict(rowRange(X, X.nRows - 1, X.nRows));
  const notes = [...(evaluation?.notes ?? []), ...staleness(vantage, originSession)];
  const made: Forecast = {
    ticker,
    horizon,
    modelId,
    kind,
    modelVersion: model.version,
    originSession,
    targetSession: addSessions(originSession, horizon),
    currentPrice: history.series.close.at(-1)!,
    logReturn: logReturn!,
    confidence: evaluation === undefined ? 0.5 : confidenceOf(logReturn!, evaluation, horizon),
    ...(evaluation === undefined ? {} : { baselineRatio: evaluation.rmseRatioToNaive }),
    notes,
    madeAt: context.clock.now().toISOString(),
  };
  // A model that is still being evaluated says little of itself; storing that would keep it so for ever.
  return evaluation === undefined ? made : services.forecasts.save(context, made);
}

/** Says when the newest known session is not the newest that there was. */
function staleness(vantage: Vantage, originSession: string): string[] {
  const newest = latestSessionOn(vantage.asOf);
  return originSession < newest
    ? [`The newest known session is ${originSession}; upload later prices for a current forecast.`]
    : [];
}

async function loadModel(services: Services, context: Context, model: ModelVersion): Promise<Model> {
  return services.loaded.get(`${context.tenant}/${model.id}`, async () => {
    const bytes = await services.objects.get(context, model.objectKey);
    let object: unknown;
    try {
      object = JSON.parse(new TextDecoder().decode(bytes));
    } catch (cause) {
      throw new StockcastError('OBJECT_DAMAGED', { key: model.objectKey, problem: 'not JSON' }, { cause });
    }
    return kindNamed(model.kind).fromObject(object as Parameters<ReturnType<typeof kindNamed>['fromObject']>[0]);
  });
}

async function missingModel(
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
