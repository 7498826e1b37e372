import type { Instant, SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import type { Forecast } from '../../domain/forecast.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { BehindNaive, ForecastScore, ScoringCursor } from '../../domain/scoring.ts';

/** Which forecasts are looked at for a score: those of one ticker or of all, with a target session up to a date. */
export interface Unscored {
  readonly asOf: SessionDate;
  readonly ticker?: string;
}

/** A forecast whose outcome is known and that has no score. */
export interface MaturedForecast {
  readonly forecast: Forecast;
  /** When the close of its target session, or of a later one, was learnt first. */
  readonly outcomeLearntAt: Instant;
}

/** The live scores of a kind and horizon, of all tickers. */
export interface LiveTally {
  readonly kind: string;
  readonly horizon: Horizon;
  readonly n: number;
  /** Sums of squared errors, of the forecasts and of the naive ones beside them. */
  readonly squaredErrors: number;
  readonly naiveSquaredErrors: number;
  /** How many had an interval of that level, and outcomes inside it. */
  readonly intervals: readonly { readonly level: number; readonly n: number; readonly inside: number }[];
  /** Forecasts with a direction, and those of them that were right. */
  readonly directed: number;
  readonly right: number;
}

/** What came of forecasts: a score each, entered once. */
export interface ScoreStore {
  /** Forecasts without a score whose target session is known, in the order of the cursor and after it. */
  unscored(
    context: Context,
    asked: Unscored & { readonly after?: ScoringCursor; readonly limit: number },
  ): Promise<MaturedForecast[]>;
  countUnscored(context: Context, asked: Unscored): Promise<number>;
  /** Enters scores; one that is there already stays as it is. Returns what names those that were entered. */
  enter(context: Context, scores: readonly ForecastScore[]): Promise<ScoringCursor[]>;
  /** The scores of a ticker, of one horizon and kind or of all, in the order in which they were entered. */
  ofTicker(
    context: Context,
    ticker: string,
    asked?: { readonly horizon?: Horizon; readonly kind?: string },
  ): Promise<ForecastScore[]>;
  /** What live scores come to, by kind and horizon. */
  liveTallies(context: Context): Promise<LiveTally[]>;
  /** Enters that a model which serves is behind naive, unless that is known of the kind since it serves. */
  flag(context: Context, found: BehindNaive): Promise<void>;
  /** Those of which the kind has served on since; by ticker and horizon. */
  flags(context: Context): Promise<BehindNaive[]>;
}
