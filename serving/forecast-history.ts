import { closeOf } from '../domain/calendar.ts';
import type { Context } from '../domain/context.ts';
import { directionOf, type Forecast, priceTarget } from '../domain/forecast.ts';
import type { Horizon } from '../domain/horizon.ts';
import { kindNamed } from '../models/kinds.ts';
import { adjusted, historyOf } from './histories.ts';
import type { Services } from './services.ts';
import { vantageOf } from './vantages.ts';

/** Forecasts of one ticker and horizon that are looked at; older ones are left out of running figures. */
export const MOST_FORECASTS = 10_000;

/** What came of a forecast. */
export interface Outcome {
  /** The total return that came, as a log return over the horizon: splits and dividends are taken into account. */
  readonly logReturn: number;
  /** What the price came to, on the footing of the origin session's, as the price target is. */
  readonly price: number;
  readonly error: number;
  readonly directionRight: boolean;
  /** Whether it lay inside, by level in percent. */
  readonly inside: Readonly<Record<string, boolean>>;
}

/** A past forecast with what came, and how its kind had done up to there. */
export interface ScoredForecast {
  readonly forecast: Forecast;
  /** False when it was made, as of its origin session, after the outcome could be known. */
  readonly madeInTime: boolean;
  /** Undefined while the target session is not known. */
  readonly outcome: Outcome | undefined;
  /** Of the scored forecasts of the same kind up to this one. */
  readonly running: { readonly n: number; readonly inside: Readonly<Record<string, number>> };
}

/**
 * The newest forecasts of a ticker for a horizon (at most `MOST_FORECASTS`), newest first, each scored against the
 * closes that are known now.
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
  const [history, forecasts] = await Promise.all([
    historyOf(services, context, ticker, vantageOf(context)),
    services.forecasts.ofTicker(context, ticker, asked),
  ]);
  const { dates, adjustedClose } = adjusted(history);
  const index = new Map(dates.map((date, t) => [date, t]));
  const tallies = new Map<string, { n: number; inside: Record<string, number> }>();
  const oldestFirst = forecasts.toReversed().map((forecast): ScoredForecast => {
    const [from, to] = [index.get(forecast.originSession), index.get(forecast.targetSession)];
    const came =
      from === undefined || to === undefined ? undefined : Math.log(adjustedClose[to]! / adjustedClose[from]!);
    const outcome = came === undefined ? undefined : outcomeOf(forecast, came);
    const tally = tallies.get(forecast.kind) ?? { n: 0, inside: {} };
    tallies.set(forecast.kind, tally);
    if (outcome !== undefined) {
      tally.n += 1;
      for (const [level, inside] of Object.entries(outcome.inside)) {
        tally.inside[level] = (tally.inside[level] ?? 0) + (inside ? 1 : 0);
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

function outcomeOf({ currentPrice, logReturn, intervals }: Forecast, came: number): Outcome {
  return {
    logReturn: came,
    price: priceTarget(currentPrice, came),
    error: logReturn - came,
    directionRight: directionOf(logReturn) === directionOf(came),
    inside: Object.fromEntries(
      intervals.map(({ level, lower, upper }) => [String(Math.round(level * 100)), lower <= came && came <= upper]),
    ),
  };
}
