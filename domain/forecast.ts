import type { Instant, SessionDate, Vantage } from './bar.ts';
import { isIsoDate } from './calendar.ts';
import { type Horizon, MAX_HORIZON } from './horizon.ts';
import { shortHash } from './identity.ts';
import { isTicker } from './ticker.ts';

export type Direction = 'bullish' | 'bearish' | 'neutral';

/** Where the log return over the horizon will lie with a probability of `level`. */
export interface PredictionInterval {
  readonly level: number;
  readonly lower: number;
  readonly upper: number;
}

/** A forecast as stored: made once per model version, origin session and horizon, before it is served. */
export interface Forecast {
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly modelId: string;
  readonly kind: string;
  readonly modelVersion: number;
  /** The newest session that the forecast has seen. */
  readonly originSession: SessionDate;
  /** The session that it speaks of: `horizon` exchange sessions later. */
  readonly targetSession: SessionDate;
  /** The close of the origin session, as traded, in USD. */
  readonly currentPrice: number;
  /** Forecast log return over the horizon. */
  readonly logReturn: number;
  /** Prediction intervals of the log return, one per level. */
  readonly intervals: readonly PredictionInterval[];
  /** The probability that the direction is right; an ensemble's is the least of its members'. */
  readonly confidence: number;
  /** The model's own calibrated probability that the direction is right, in [0.5, 1). */
  readonly directionProbability: number;
  /** Hash of the certificate of the model, if it has one. */
  readonly certificateId?: string;
  /** RMSE over the naive forecast's, out of sample; absent when the model was never evaluated. */
  readonly baselineRatio?: number;
  readonly notes: readonly string[];
  readonly madeAt: Instant;
}

/** A forecast as of a past day, by what was known from there; kept apart from the others. */
export interface PastForecast extends Forecast {
  readonly vantage: Vantage;
}

/** Whether a forecast was asked for as of a past day. */
export function isPast(forecast: Forecast): forecast is PastForecast {
  return 'vantage' in forecast;
}

/** What names a forecast: its place, and how its model's id begins. */
export interface ForecastName extends Pick<Forecast, 'ticker' | 'horizon' | 'originSession'> {
  /** The first digits of the model's id, in hex. */
  readonly modelPrefix: string;
}

const MODEL_DIGITS = 12;
const FORECAST_ID = new RegExp(`^(.+)-(\\d{1,2})-(\\d{4}-\\d{2}-\\d{2})-([0-9a-f]{${MODEL_DIGITS}})$`);

/** The id by which people name a forecast, for example `AAPL-10-2013-03-01-3f9c12a0b1c2`: follows from its place alone. */
export function forecastId(forecast: Pick<Forecast, 'ticker' | 'horizon' | 'originSession' | 'modelId'>): string {
  const { ticker, horizon, originSession, modelId } = forecast;
  return `${ticker}-${horizon}-${originSession}-${modelId.slice(0, MODEL_DIGITS)}`;
}

const PAST_ID = /^.+-\d{1,2}-as-of-\d{4}-\d{2}-\d{2}-[0-9a-f]{12}$/;

/**
 * The id of a forecast as of a past day, for example `AAPL-10-as-of-2010-06-01-3f9c12a0b1c2`: follows from the day and
 * from all that it says, whenever it is made.
 */
export function pastForecastId(forecast: PastForecast): string {
  const { vantage, madeAt: _, ...said } = forecast;
  return `${said.ticker}-${said.horizon}-as-of-${vantage.asOf}-${shortHash(said)}`;
}

/** Whether a text may be the id of a forecast as of a past day. */
export function isPastForecastId(text: string): boolean {
  return PAST_ID.test(text);
}

/** Reads the id of a forecast; undefined for any other text. */
export function parseForecastId(text: string): ForecastName | undefined {
  const [, ticker = '', horizon, originSession = '', modelPrefix = ''] = FORECAST_ID.exec(text) ?? [];
  const sessions = Number(horizon);
  const isPossible = isTicker(ticker) && isIsoDate(originSession) && sessions >= 1 && sessions <= MAX_HORIZON;
  return isPossible ? { ticker, horizon: sessions, originSession, modelPrefix } : undefined;
}

/** Up, down, or neutral, the last only when the forecast is exactly zero. */
export function directionOf(logReturn: number): Direction {
  return logReturn > 0 ? 'bullish' : logReturn < 0 ? 'bearish' : 'neutral';
}

/** The price that a log return leads to. */
export function priceTarget(currentPrice: number, logReturn: number): number {
  return currentPrice * Math.exp(logReturn);
}
