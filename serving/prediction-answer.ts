import type { Context } from '../domain/context.ts';
import { type Direction, type Forecast, directionOf, priceTarget } from '../domain/forecast.ts';
import type { QuoteAnswer } from './quotes.ts';

/** A forecast as people and programs are given it, by the API and by the CLI. Prices are USD as traded. */
export interface PredictionAnswer {
  readonly ticker: string;
  readonly current_price: number;
  readonly prediction: { readonly price_target: number; readonly confidence: number; readonly direction: Direction };
  /** Where the price will lie with each probability, narrowest first. */
  readonly intervals: readonly { readonly level: number; readonly low: number; readonly high: number }[];
  /** The model's own calibrated probability that the direction is right, in [0.5, 1). */
  readonly direction_probability: number;
  /** When the answer was given. */
  readonly timestamp: string;
  readonly horizon: number;
  readonly as_of: string;
  readonly target_date: string;
  readonly model: string;
  readonly model_version: number;
  readonly model_id: string;
  /** Out-of-sample RMSE over the naive forecast's; null when the model was not evaluated. */
  readonly baseline_ratio: number | null;
  /** The certificate that the model earned; null when it has none. */
  readonly certificate_id: string | null;
  readonly notes: readonly string[];
  /** What the ticker costs now, when a live source was asked. */
  readonly quote?: QuoteAnswer;
}

/** Puts a forecast into the form of the answer. */
export function predictionAnswer(context: Context, forecast: Forecast, quote?: QuoteAnswer): PredictionAnswer {
  return {
    ticker: forecast.ticker,
    current_price: forecast.currentPrice,
    prediction: {
      price_target: priceTarget(forecast.currentPrice, forecast.logReturn),
      confidence: forecast.confidence,
      direction: directionOf(forecast.logReturn),
    },
    timestamp: context.clock.now().toISOString(),
    intervals: forecast.intervals.map(({ level, lower, upper }) => ({
      level,
      low: priceTarget(forecast.currentPrice, lower),
      high: priceTarget(forecast.currentPrice, upper),
    })),
    direction_probability: forecast.directionProbability,
    horizon: forecast.horizon,
    as_of: forecast.originSession,
    target_date: forecast.targetSession,
    model: forecast.kind,
    model_version: forecast.modelVersion,
    model_id: forecast.modelId,
    baseline_ratio: forecast.baselineRatio ?? null,
    certificate_id: forecast.certificateId ?? null,
    notes: forecast.notes,
    ...(quote === undefined ? {} : { quote }),
  };
}
