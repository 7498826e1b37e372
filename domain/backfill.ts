import type { SessionDate, Vantage } from './bar.ts';
import { isIsoDate, sessionsBetween } from './calendar.ts';
import type { ContextRecord } from './context.ts';
import { StockcastError } from './errors.ts';
import type { SearchBudget } from './parameter-search.ts';
import type { PooledModel, TrainingPlan } from './run.ts';

/** Name of the workflow, and of what clients ask and tell it. */
export const BACKFILL = 'backfill';
export const PAUSE_SIGNAL = 'pause';
export const RESUME_SIGNAL = 'resume';
export const FAILED_QUERY = 'failed';
export const RETRY_INPUT_QUERY = 'retryInput';

/** Sessions from one partition of a ticker to the next: about a month. */
export const DEFAULT_EVERY = 21;
/** Tickers of a backfill worked on at a time. */
export const DEFAULT_IN_FLIGHT = 4;
/** More tickers at a time bring nothing but a longer history. */
export const MOST_IN_FLIGHT = 200;
/** Partitions that one backfill may have; the set of those that failed is then 42 KB of its input. */
export const MOST_PARTITIONS = 250_000;
/** Failed partitions that progress and result tell of in words; the others are counted. */
export const TOLD_FAILURES = 20;

/** What a backfill trains, where it differs from the defaults: as in a request for training. */
export type BackfillWish = Partial<
  Pick<TrainingPlan, 'horizons' | 'kinds' | 'window' | 'scaleTargets' | 'embargo' | 'seed' | 'parameters' | 'parking'>
> & { readonly search?: SearchBudget };

/** Which partitions a backfill has: every so many sessions from one date to another, of each ticker. */
export interface BackfillScope {
  /** Absent: all that are known when it starts. */
  readonly tickers?: readonly string[];
  readonly from: SessionDate;
  readonly to: SessionDate;
  /** Default 21. */
  readonly every?: number;
}

/** Input of the workflow `backfill`: what a person writes, and below that what the workflow hands to its next execution. */
export interface BackfillInput extends BackfillScope {
  readonly version: 1;
  readonly context: ContextRecord;
  readonly wish?: BackfillWish;
  /** Tickers worked on at a time; default 4. */
  readonly maxInFlight?: number;
  /** Whether partitions that are there are computed again. */
  readonly force?: boolean;
  /** Makes these partitions alone: a `PartitionSet` as text, of the partitions numbered ticker by ticker. */
  readonly only?: string;
  readonly resolved?: ResolvedBackfill;
  readonly state?: BackfillState;
}

/** What a scope and a wish come to. */
export interface ResolvedBackfill {
  readonly tickers: readonly string[];
  readonly plan: TrainingPlan;
}

/** How one partition ended: made, there already, impossible (the ticker had too few sessions then), or failed. */
export type PartitionStatus = 'made' | 'standing' | 'unavailable' | 'failed';

/** How many partitions ended how. */
export type PartitionCounts = Readonly<Record<PartitionStatus, number>>;

/** A partition that failed, and why. */
export interface FailedPartition {
  readonly ticker: string;
  readonly asOf: SessionDate;
  readonly code: string;
  readonly message: string;
}

/** What one execution of a backfill hands to the next: it does not grow with what is done. */
export interface BackfillState {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly paused: boolean;
  /** The first ticker that was not begun. */
  readonly nextTicker: number;
  /** Tickers that were begun and are not through, with the session that is next. */
  readonly begun: readonly { readonly ticker: number; readonly session: number }[];
  readonly counts: PartitionCounts;
  /** The failed ones, as a `PartitionSet`; in a retry also those whose turn has not come yet. */
  readonly failed: string;
  readonly failuresByCode: Readonly<Record<string, number>>;
  readonly newestFailures: readonly FailedPartition[];
  /** When the newest partitions ended, in milliseconds since 1970. */
  readonly ends: readonly number[];
}

/** A partition that is under way. */
export interface RunningPartition {
  readonly ticker: string;
  readonly asOf: SessionDate;
  /** Its run; absent until it is planned. */
  readonly workflowId?: string;
}

/** Answer of the query `progress` of a backfill. */
export interface BackfillProgress {
  readonly stage: 'planning' | 'running' | 'paused' | 'done';
  readonly total: number;
  readonly counts: PartitionCounts;
  readonly running: readonly RunningPartition[];
  /** Partitions that ended a minute, of late; null until it can be told. */
  readonly perMinute: number | null;
  /** At that rate; null until it can be told, and while it is paused. */
  readonly secondsLeft: number | null;
  readonly failuresByCode: Readonly<Record<string, number>>;
  /** Newest last, at most 20. */
  readonly newestFailures: readonly FailedPartition[];
}

/** Result of a backfill. */
export interface BackfillResult {
  readonly total: number;
  readonly counts: PartitionCounts;
  readonly failuresByCode: Readonly<Record<string, number>>;
  readonly newestFailures: readonly FailedPartition[];
}

/** Answer of the query `failed`: the partitions that failed, by ticker and session, from an offset on. */
export interface FailedPartitions {
  readonly total: number;
  readonly partitions: readonly { readonly ticker: string; readonly asOf: SessionDate }[];
}

/** A partition as planned: the run that would make it, whether it stands, and what it may look at. */
export interface PlannedPartition {
  readonly workflowId: string;
  readonly lastSession: SessionDate;
  readonly stands: boolean;
  readonly vantage: Vantage;
  readonly pooled: readonly PooledModel[];
}

/**
 * The sessions of a backfill's partitions: the first at or after `from`, and every so many from there up to `to`. What
 * the exchange did in the past does not change, so a run that goes on under newer code finds the same ones.
 * @throws StockcastError DATE_INVALID, REQUEST_INVALID where there is none
 */
export function partitionSessions({ from, to, every = DEFAULT_EVERY }: BackfillScope): SessionDate[] {
  for (const [field, date] of Object.entries({ from, to })) {
    if (typeof date !== 'string' || !isIsoDate(date)) {
      const expected = `a day of the calendar as "${field}", as YYYY-MM-DD`;
      throw new StockcastError('DATE_INVALID', { date: String(date), expected });
    }
  }
  if (!Number.isInteger(every) || every < 1) {
    throw new StockcastError('REQUEST_INVALID', {
      field: `every "${every}"`,
      problem: 'expected a whole number, 1 or more',
    });
  }
  if (from > to) {
    const problem = `"${from}" lies after to "${to}": expected the earlier date first`;
    throw new StockcastError('REQUEST_INVALID', { field: 'from', problem });
  }
  const sessions = sessionsBetween(from, to).filter((_, i) => i % every === 0);
  if (sessions.length > 0) return sessions;
  const problem = `the exchange was not open from ${from} to ${to}`;
  throw new StockcastError('REQUEST_INVALID', { field: 'from and to', problem });
}
