import type { SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import type { Forecast, ForecastName, PastForecast } from '../../domain/forecast.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { ModelMention } from '../../domain/model-version.ts';

/**
 * Every forecast ever made, one per (model version, origin session, horizon); and apart from these, seen by no other
 * method, those that were asked for as of a past day.
 */
export interface ForecastStore {
  /** Stores the forecast unless its place is taken, and returns the one that is stored. */
  save(context: Context, forecast: Forecast): Promise<Forecast>;
  /** The newest forecasts of a ticker by origin session, of one kind or of all, at most `limit`. */
  ofTicker(
    context: Context,
    ticker: string,
    asked: { readonly horizon: Horizon; readonly kind?: string; readonly limit: number },
  ): Promise<Forecast[]>;
  /** The forecast with this name, were there several the one whose model's id comes first. */
  named(context: Context, name: ForecastName): Promise<Forecast | undefined>;
  find(context: Context, modelId: string, originSession: SessionDate, horizon: Horizon): Promise<Forecast | undefined>;
  /** Keeps a forecast as of a past day under its `pastForecastId`; the same again changes nothing. */
  savePast(context: Context, forecast: PastForecast): Promise<void>;
  /** The forecast as of a past day with this id. */
  findPast(context: Context, id: string): Promise<PastForecast | undefined>;
  /** All forecasts of a ticker for a horizon as of past days, newest origin session first, at most `limit`. */
  pastOfTicker(
    context: Context,
    ticker: string,
    asked: { readonly horizon: Horizon; readonly limit: number },
  ): Promise<PastForecast[]>;
  /** What the forecasts of all tickers, those as of past days among them, name, each pair of model and certificate once. */
  mentions(context: Context): Promise<ModelMention[]>;
}
