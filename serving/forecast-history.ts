import { closeOf } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { type Forecast, priceTarget } from '../domain/forecast.ts';
import type { Horizon } from '../domain/horizon.ts';
import { type ForecastOutcome, type ForecastScore, outcomeOf } from '../domain/scoring.ts';
import { kindNamed } from '../models/kinds.ts';
import { nameOf, realisedReturns } from './scoring.ts';
import type { Services } from './services.ts';
import { vantageOf } from './vantages.ts';

/** Forecasts of one ticker and horizon that are looked at; older ones are left out of running figures. */
export const MOST_FORECASTS = 10_000;

/** What came of a forecast: as it was scored, or by what is known now where it is not scored yet. */
export interface KnownOutcome extends ForecastOutcome {
  /** What the price came to, on the footing of the origin session's, as the price target is. */
  readonly price: number;
  /** Undefined while it is not scored. */
  readonly score: Pick<ForecastScore, 'live' | 'vantage' | 'scoredAt'> | undefined;
  /** The log return by the closes that are known now, where they were restated since it was scored. */
  readonly restatedLogReturn: number | undefined;
}

/** A past forecast with what came, and how its kind had done up to there. */
export interface ScoredForecast {
  readonly forecast: Forecast;
  /** False when it was made, as of its origin session, after the outcome could be known. */
  readonly madeInTime: boolean;
  /** Undefined while the target session is not known. */
  readonly outcome: KnownOutcome | undefined;
  /** Of the forecasts of the same kind with an outcome, up to this one. */
  readonly running: { readonly n: number; readonly inside: Readonly<Record<string, number>> };
}

/**
 * The newest forecasts of a ticker for a horizon (at most `MOST_FORECASTS`), newest first, each with its
 * score; one whose score is still to be entered with what it will be by what is known now.
 * @throws StockcastError TICKER_UNKNOWN, MODEL_KIND_UNKNOWN
 */
export async function forecastHistory(
  services: Services,
  context: Context,
  ticker: string,
  { horizon, kind }: { readonly horizon: Horizon; readonly kind?: string },
): Promise<ScoredForecast[]> {
  if (kind !== undefined) kindNamed(kind);
  const asked = { horizon, limit: MOST_FORECASTS, ...(kind === undefined ? {} : { kind }) };
  const [known, forecasts, scores] = await Promise.all([
    realisedReturns(services, context, ticker, vantageOf(context)),
    services.forecasts.ofTicker(context, ticker, asked),
    services.scores.ofTicker(context, ticker, asked),
  ]);
  const scoreOf = new Map(scores.map((score) => [nameOf(score), score]));
  const tallies = new Map<string, { n: number; inside: Record<string, number> }>();
  const oldestFirst = forecasts.toReversed().map((forecast): ScoredForecast => {
    const outcome = knownOutcome(forecast, scoreOf.get(nameOf(forecast)), known(forecast));
    const tally = tallies.get(forecast.kind) ?? { n: 0, inside: {} };
    tallies.set(forecast.kind, tally);
    if (outcome !== undefined) {
      tally.n += 1;
      for (const { level, inside } of outcome.intervals) {
        tally.inside[inPercent(level)] = (tally.inside[inPercent(level)] ?? 0) + (inside ? 1 : 0);
      }
    }
    return {
      forecast,
      madeInTime: new Date(forecast.madeAt) < closeOf(forecast.targetSession),
      outcome,
      running: { n: tally.n, inside: { ...tally.inside } },
    };
  });
  return oldestFirst.toReversed();
}

/** A level in percent, as figures are named by it. */
export function inPercent(level: number): string {
  return String(Math.round(level * 100));
}

function knownOutcome(
  forecast: Forecast,
  score: ForecastScore | undefined,
  came: number | undefined,
): KnownOutcome | undefined {
  if (score === undefined) {
    if (came === undefined) return undefined;
    const price = priceTarget(forecast.currentPrice, came);
    return { ...outcomeOf(forecast, came), price, score: undefined, restatedLogReturn: undefined };
  }
  return {
    ...score,
    price: priceTarget(forecast.currentPrice, score.logReturn),
    score,
    restatedLogReturn: came === undefined || isSame(came, score.logReturn) ? undefined : came,
  };
}

// Both are products over all sessions before: one that was restated moves the last digits of what came after it.
function isSame(one: number, other: number): boolean {
  return Math.abs(one - other) < 1e-9;
}
