import type { SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import type { Forecast } from '../../domain/forecast.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { ModelMention } from '../../domain/model-version.ts';

/** Every forecast ever made, one per (model version, origin session, horizon). */
export interface ForecastStore {
  /** Stores the forecast unless its place is taken, and returns the one that is stored. */
  save(context: Context, forecast: Forecast): Promise<Forecast>;
  /** The newest forecasts of a ticker by origin session, of one kind or of all, at most `limit`. */
  ofTicker(
    context: Context,
    ticker: string,
    asked: { readonly horizon: Horizon; readonly kind?: string; readonly limit: number },
  ): Promise<Forecast[]>;
  find(context: Context, modelId: string, originSession: SessionDate, horizon: Horizon): Promise<Forecast | undefined>;
  /** What the forecasts of all tickers name, each pair of model and certificate once. */
  mentions(context: Context): Promise<ModelMention[]>;
}
