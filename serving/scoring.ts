import type { AdjustedSeries, Vantage } from '../domain/bar.ts';
import type { Context } from '../domain/context.ts';
import { type Forecast } from '../domain/forecast.ts';
import { type ForecastScore, type ScoringCounts, type ScoringCursor, outcomeOf } from '../domain/scoring.ts';
import { adjusted, historyOf } from './histories.ts';
import type { Services } from './services.ts';

/** Forecasts of one batch: each ticker in it costs one reading of its history. */
const SCORING_BATCH = 200;

/** Which forecasts are to be scored, seen from where. */
export interface ScoringRequest {
  readonly vantage: Vantage;
  /** Default: all tickers. */
  readonly ticker?: string;
  /** Only what comes after this one. */
  readonly after?: ScoringCursor;
  readonly batch?: number;
}

/** What a batch has done, and where the next one begins; without `after` there is no more. */
export interface ScoredBatch extends ScoringCounts {
  readonly after?: ScoringCursor;
}

/** How many forecasts wait for a score although the close of their target session is known. */
export function countUnscored(
  services: Services,
  context: Context,
  { vantage: { asOf }, ticker }: ScoringRequest,
): Promise<number> {
  return services.scores.countUnscored(context, { asOf, ...(ticker === undefined ? {} : { ticker }) });
}

/**
 * Scores the next forecasts whose target session's close is known, whenever it became known. A forecast is scored once:
 * of several runs at the same time one enters the score, and a later restatement of the prices changes none.
 */
export async function scoreBatch(
  services: Services,
  context: Context,
  { vantage, ticker, after, batch = SCORING_BATCH }: ScoringRequest,
): Promise<ScoredBatch> {
  const matured = await services.scores.unscored(context, {
    asOf: vantage.asOf,
    limit: batch,
    ...(ticker === undefined ? {} : { ticker }),
    ...(after === undefined ? {} : { after }),
  });
  const histories = new Map<string, RealisedReturns>();
  const scores: ForecastScore[] = [];
  for (const { forecast, outcomeLearntAt } of matured) {
    const known =
      histories.get(forecast.ticker) ?? (await realisedReturns(services, context, forecast.ticker, vantage));
    histories.set(forecast.ticker, known);
    const came = known(forecast);
    if (came === undefined) continue;
    const { ticker: of, horizon, modelId, kind, modelVersion, originSession, targetSession, madeAt } = forecast;
    scores.push({
      ...{ ticker: of, horizon, modelId, kind, modelVersion, originSession, targetSession, madeAt },
      ...outcomeOf(forecast, came),
      live: madeAt < outcomeLearntAt,
      vantage,
      scoredAt: context.clock.now().toISOString(),
    });
  }
  const entered = new Set((await services.scores.enter(context, scores)).map(nameOf));
  const last = matured.at(-1)?.forecast;
  return {
    scored: entered.size,
    live: scores.filter((score) => score.live && entered.has(nameOf(score))).length,
    passedOver: matured.length - entered.size,
    ...(last === undefined || matured.length < batch ? {} : { after: cursorOf(last) }),
  };
}

/** The total return that came of a forecast's sessions, as a log return; undefined where one of them is not known. */
export type RealisedReturns = (forecast: Pick<Forecast, 'originSession' | 'targetSession'>) => number | undefined;

/**
 * What came of a ticker, seen from a vantage.
 * @throws StockcastError TICKER_UNKNOWN
 */
export async function realisedReturns(
  services: Services,
  context: Context,
  ticker: string,
  vantage: Vantage,
): Promise<RealisedReturns> {
  return returnsOf(adjusted(await historyOf(services, context, ticker, vantage)));
}

function returnsOf({ dates, adjustedClose }: AdjustedSeries): RealisedReturns {
  const index = new Map(dates.map((date, t) => [date, t]));
  return ({ originSession, targetSession }) => {
    const [from, to] = [index.get(originSession), index.get(targetSession)];
    return from === undefined || to === undefined ? undefined : Math.log(adjustedClose[to]! / adjustedClose[from]!);
  };
}

/** What names a forecast, as a key. */
export function nameOf({ modelId, horizon, originSession }: Omit<ScoringCursor, 'ticker'>): string {
  return `${modelId}/${horizon}/${originSession}`;
}

function cursorOf({ ticker, horizon, originSession, modelId }: Forecast): ScoringCursor {
  return { ticker, horizon, originSession, modelId };
}
