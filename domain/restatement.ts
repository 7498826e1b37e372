import type { Instant, SessionDate } from './bar.ts';

/** The columns of a bar in which history can be restated. */
export const RESTATED_COLUMNS = ['open', 'high', 'low', 'close', 'volume'] as const;
export type RestatedColumn = (typeof RESTATED_COLUMNS)[number];

/** A session whose values were changed: what was known of it and what is said now. */
export interface ChangedSession {
  readonly date: SessionDate;
  readonly before: Readonly<Record<RestatedColumn, number>>;
  readonly after: Readonly<Record<RestatedColumn, number>>;
}

/** A split or dividend of the known past that has another value now, or that nobody had told of (`before` is null). */
export interface ChangedEvent {
  readonly date: SessionDate;
  readonly kind: 'split' | 'dividend';
  readonly before: number | null;
  readonly after: number;
}

/** Changed sessions that follow each other on the exchange. */
export interface SessionRun {
  readonly from: SessionDate;
  readonly to: SessionDate;
  readonly sessions: number;
}

/** A split or dividend that closes look to have been adjusted by, back from its ex-date. */
export interface ImpliedAdjustment {
  readonly exDate: SessionDate;
  readonly kind: 'split' | 'dividend';
  /** New shares per old one, or USD per share before the ex-date. */
  readonly value: number;
  /** What it multiplies the closes before the ex-date by. */
  readonly factor: number;
}

/** What a change of history looks like: one kind of adjustment, both kinds, or values corrected one by one. */
export type RestatementCause = 'split' | 'dividend' | 'adjustments' | 'corrections' | 'events';

/** What was changed of one ticker. */
export interface TickerRestatement {
  readonly ticker: string;
  readonly sessions: number;
  readonly runs: readonly SessionRun[];
  /** Largest and median, over the changed sessions, of a session's largest relative change among its prices. */
  readonly maxChange: number;
  readonly medianChange: number;
  readonly columns: readonly RestatedColumn[];
  readonly cause: RestatementCause;
  readonly adjustments: readonly ImpliedAdjustment[];
  /** Changed sessions that no adjustment explains. */
  readonly corrections: number;
  readonly events: readonly ChangedEvent[];
}

/** History that an ingest changed, of all its tickers; kept for ever. */
export interface Restatement {
  readonly id: string;
  /** Hash of the file, or of what a source said. */
  readonly ingestId: string;
  readonly source: string;
  readonly learntAt: Instant;
  readonly tickers: readonly TickerRestatement[];
  /** The run that was started to train again what rests on it, if one was. */
  readonly retrainingRunId?: string;
}
