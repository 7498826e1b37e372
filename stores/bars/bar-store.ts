import type { Bar, CorporateEvent, Instant, PriceSeries, SessionDate, Vantage } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import type { DatasetSource } from '../../domain/dataset.ts';
import type { Restatement } from '../../domain/restatement.ts';

/** What one merge of a file changed. */
export interface MergeReport {
  /** Bars of sessions that were not known before, by ticker. */
  readonly added: Readonly<Record<string, number>>;
  /** Bars equal to what was known. */
  readonly unchanged: number;
  /** Bars that replaced other values: kept as restatements with the time they were learnt. First 100, in order. */
  readonly restated: readonly { readonly ticker: string; readonly date: SessionDate }[];
  readonly nRestated: number;
  readonly eventsAdded: number;
  readonly eventsRestated: number;
  /** How known history was changed, entered with the merge; absent when it was not. */
  readonly restatement?: Restatement;
}

export interface TickerSummary {
  readonly ticker: string;
  readonly sector: string;
  readonly sessions: number;
  readonly firstSession: SessionDate;
  readonly lastSession: SessionDate;
}

/** Where merged rows came from, kept with them. */
export interface IngestRecord {
  /** SHA-256 of the file, or another name of its content. */
  readonly id: string;
  readonly source: string;
  readonly acceptedRows: number;
  readonly rejectedRows: number;
  /** Rejections and notices in words, as reported to whoever sent the file. */
  readonly report: readonly string[];
}

/** Every bar and event ever learnt; (tenant, ticker, date) has one current row, earlier versions are kept. */
export interface BarStore {
  /**
   * Adds what is new and keeps what differs as restatements learnt now, all in one transaction: on any error nothing
   * changes. Batches must not hold two rows of one (ticker, date). Memory is bounded by the batch.
   * @throws StockcastError UPLOAD_BUSY when another merge takes longer than this one may wait
   */
  merge(
    context: Context,
    record: IngestRecord,
    batches: AsyncIterable<readonly Bar[]> | Iterable<readonly Bar[]>,
    events: readonly CorporateEvent[],
  ): Promise<MergeReport>;
  /** The ticker's bars seen from a vantage, all or the `newest` so many; undefined where none can be seen. */
  series(context: Context, ticker: string, vantage: Vantage, newest?: number): Promise<PriceSeries | undefined>;
  /** The last session that `series` would give, for a fraction of its cost. */
  newestSession(context: Context, ticker: string, vantage: Vantage): Promise<SessionDate | undefined>;
  /** The ticker's events seen from a vantage, ascending by date. */
  events(context: Context, ticker: string, vantage: Vantage): Promise<CorporateEvent[]>;
  /**
   * The moments at which bars or events of the ticker, all or those up to a session, were learnt to be other than was
   * known, ascending.
   */
  restatedAt(context: Context, ticker: string, upTo?: SessionDate): Promise<Instant[]>;
  /** Current holdings, ascending by ticker. */
  tickers(context: Context): Promise<TickerSummary[]>;
  /** The merges that brought the ticker's bars, newest first, at most 20. */
  sources(context: Context, ticker: string, knownAt: Instant): Promise<DatasetSource[]>;
}
