import type { SessionDate } from './bar.ts';
import type { ContextRecord } from './context.ts';
import type { DueTimes } from './due-times.ts';
import type { Horizon } from './horizon.ts';
import type { Json } from './identity.ts';
import type { FailedTicker } from './run.ts';

/** Names of the workflows that schedules start. */
export const INGEST_PRICES = 'ingestPrices';
export const RETRAIN = 'retrain';

/** What a schedule writes on each run that it starts, for people and for the run itself. */
export interface ScheduleNote {
  readonly schedule: string;
  readonly purpose: string;
  /** When the schedule is due by itself, which tells a run that a person triggered from others. */
  readonly times: readonly DueTimes[];
  /** Why jitter, overlap policy and catch-up window are as they are. */
  readonly because: { readonly jitter: string; readonly overlap: string; readonly catchUp: string };
}

/** The end of a run that had nothing to do; its search attribute says the same. */
export interface SkippedRun {
  readonly verdict: 'skipped';
  readonly reason: string;
}

/** Input of the workflow `ingestPrices`. Without `asOf`, the sessions that had closed when the run was due. */
export interface IngestPricesInput {
  readonly version: 1;
  readonly context: ContextRecord;
  readonly asOf?: SessionDate;
  /** Default: the one that the worker is configured with. */
  readonly source?: string;
  /** Default: all whose prices are known. */
  readonly tickers?: readonly string[];
  /** Tickers fetched at a time; default 4. */
  readonly maxInFlight?: number;
  /** Carried over by continue-as-new. */
  readonly underway?: IngestUnderway;
}

/** How far an `ingestPrices` is. */
export interface IngestUnderway {
  readonly source: string;
  /** The newest session that is fetched. */
  readonly session: SessionDate;
  readonly waiting: readonly string[];
  readonly done: IngestCounts;
}

/** What came of the tickers so far. */
export interface IngestCounts {
  readonly tickers: number;
  /** New rows that were stored. */
  readonly rows: number;
  /** Tickers of which the source does not have the newest session yet. */
  readonly behind: number;
  readonly failed: number;
  /** The first of those that failed, with the reason. */
  readonly failures: readonly IngestFailure[];
}

/** Why a ticker's prices were not taken in. */
export interface IngestFailure {
  readonly ticker: string;
  readonly code: string;
  readonly message: string;
}

/** Result of `ingestPrices`; `failed` when some tickers did. */
export type IngestPricesResult =
  | SkippedRun
  | (IngestCounts & {
      readonly verdict: 'completed' | 'failed';
      readonly source: string;
      readonly session: SessionDate;
    });

/** What a retraining may ask beyond the settings of the worker that plans it. */
export interface RetrainWish {
  /** Default: all whose prices are known. */
  readonly tickers?: readonly string[];
  readonly horizons?: readonly Horizon[];
  readonly kinds?: readonly string[];
  readonly parameters?: { readonly [kind: string]: Json };
}

/** Input of the workflow `retrain`. With `asOf` the run is as of that date; without, as of when it was due. */
export interface RetrainInput extends RetrainWish {
  readonly version: 1;
  readonly context: ContextRecord;
  readonly asOf?: SessionDate;
}

/** Result of `retrain`; `failed` when some tickers did. */
export type RetrainResult =
  | SkippedRun
  | {
      readonly verdict: 'completed' | 'failed';
      /** The exchange's newest session when the run was due. */
      readonly session: SessionDate;
      /** Whether what it promoted may serve: it was still the newest session when the run was planned. */
      readonly live: boolean;
      /** The `trainUniverse` that did it. */
      readonly runId: string;
      /** Whether that was there already, started by somebody else. */
      readonly joined: boolean;
      readonly failed: readonly FailedTicker[];
    };
