import type { Instant, SessionDate, Vantage } from './bar.ts';
import type { ContextRecord } from './context.ts';
import type { Forecast } from './forecast.ts';
import type { Horizon } from './horizon.ts';

/** How a prediction interval did. */
export interface IntervalOutcome {
  readonly level: number;
  readonly inside: boolean;
  /** Winkler score: the width, and 2 / (1 - level) times the distance of an outcome outside; lower is better. */
  readonly winkler: number;
}

/** What came of a forecast. */
export interface ForecastOutcome {
  /** The total return that came, as a log return over the horizon: splits and dividends are taken into account. */
  readonly logReturn: number;
  /** Forecast minus outcome, in log returns. */
  readonly error: number;
  /** The same of the naive forecast, that nothing changes. */
  readonly naiveError: number;
  /** Null where the forecast was neutral or the price came back to where it was. */
  readonly directionRight: boolean | null;
  readonly intervals: readonly IntervalOutcome[];
}

/** The score of a forecast: entered once, when its target session's close was known, and never changed. */
export interface ForecastScore
  extends ForecastOutcome,
    Pick<
      Forecast,
      'ticker' | 'horizon' | 'modelId' | 'kind' | 'modelVersion' | 'originSession' | 'targetSession' | 'madeAt'
    > {
  /** Whether it was made before the close of its target session, or of a later one, was known here. */
  readonly live: boolean;
  /** From where its outcome was looked at. */
  readonly vantage: Vantage;
  readonly scoredAt: Instant;
}

/** Holds a forecast against the log return that came. */
export function outcomeOf(
  { logReturn, intervals }: Pick<Forecast, 'logReturn' | 'intervals'>,
  came: number,
): ForecastOutcome {
  const agreement = Math.sign(logReturn) * Math.sign(came);
  return {
    logReturn: came,
    error: logReturn - came,
    naiveError: -came,
    directionRight: agreement === 0 ? null : agreement > 0,
    intervals: intervals.map(({ level, lower, upper }) => ({
      level,
      inside: lower <= came && came <= upper,
      winkler: upper - lower + (2 / (1 - level)) * Math.max(0, lower - came, came - upper),
    })),
  };
}

/** A place in the order in which forecasts are scored: by ticker, horizon, origin session and model. */
export type ScoringCursor = Pick<Forecast, 'ticker' | 'horizon' | 'originSession' | 'modelId'>;

/** What is done about a model that serves and whose live record is significantly behind naive. */
export const ON_BEHIND_NAIVE = ['note', 'demote'] as const;
export type OnBehindNaive = (typeof ON_BEHIND_NAIVE)[number];

/** A model that serves and whose live record was found to be significantly behind naive. */
export interface BehindNaive {
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly kind: string;
  /** What served when it was found. */
  readonly modelId: string;
  /** Since when the kind had served without a break. */
  readonly servesSince: Instant;
  /** Forecasts, none of which overlap, that the test rests on. */
  readonly n: number;
  readonly rmseRatioToNaive: number;
  /** One-sided p of the test that found it, and the level that it had to stay below. */
  readonly p: number;
  readonly level: number;
  readonly foundAt: Instant;
}

/** Input of the workflow `scoreForecasts`. */
export interface ScoreForecastsInput {
  readonly version: 1;
  readonly context: ContextRecord;
  /** Default: all tickers. */
  readonly ticker?: string;
  /** Scores what had matured by the end of that day, by what was known then; default: the day that the run was due. */
  readonly asOf?: SessionDate;
  /** Carried over by continue-as-new. */
  readonly carried?: ScoringCarry;
}

/** How far a scoring has come. */
export interface ScoringCarry {
  readonly vantage: Vantage;
  readonly total: number;
  readonly counts: ScoringCounts;
  readonly after?: ScoringCursor;
}

/** What scoring has done. */
export interface ScoringCounts {
  /** Scores that were entered. */
  readonly scored: number;
  /** Those of them that were made before their outcome was known. */
  readonly live: number;
  /** Forecasts that another run had scored a moment before, or whose origin cannot be seen. */
  readonly passedOver: number;
}

/** Answer of the query `progress` of `scoreForecasts`. */
export interface ScoringProgress {
  readonly ticker?: string;
  readonly done: number;
  readonly total: number;
}

/** Live track records that were judged, and what was found. */
export interface JudgementResult {
  /** Tickers and horizons at which another model than naive serves. */
  readonly judged: number;
  readonly nBehind: number;
  readonly nDemoted: number;
  /** The first few that are behind naive. */
  readonly behind: readonly Pick<BehindNaive, 'ticker' | 'horizon' | 'kind' | 'n' | 'rmseRatioToNaive' | 'p'>[];
  /** Why one could not be demoted, the first few. */
  readonly problems: readonly string[];
}

/** Result of `scoreForecasts`. */
export interface ScoreForecastsResult extends ScoringCounts, JudgementResult {
  readonly asOf: SessionDate;
}

/** Name by which clients address the workflow. */
export const SCORE_FORECASTS = 'scoreForecasts';
