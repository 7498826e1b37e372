import type { CorporateEvent, Instant, SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import type { IngestRecord } from '../bars/bar-store.ts';

/** A dataset that was taken of a ticker; its manifest says what it holds. */
export interface DatasetEntry {
  readonly id: string;
  readonly ticker: string;
  readonly takenAt: Instant;
}

/** One version of a bar or of an event, with the merge that brought it. */
export interface RowVersion {
  readonly date: SessionDate;
  readonly kind: 'bar' | CorporateEvent['kind'];
  /** From 1; later ones are restatements. */
  readonly version: number;
  /** Of a bar: open, high, low, close, volume as traded. Of an event: its value. */
  readonly values: readonly number[];
  readonly learntAt: Instant;
  readonly ingestId: string;
}

/** A merge of a file or of what a source told, when it was made for the first time. */
export interface Ingest extends Omit<IngestRecord, 'report'> {
  readonly learntAt: Instant;
}

/** What datasets there are, and where every row came from. */
export interface LineageStore {
  /** Notes that a dataset was taken; noting it again changes nothing. */
  enterDataset(context: Context, dataset: DatasetEntry): Promise<void>;
  /** The newest datasets of a ticker by when they were first taken, at most `limit` after leaving out `offset`. */
  datasets(
    context: Context,
    ticker: string,
    page: { readonly limit: number; readonly offset: number },
  ): Promise<DatasetEntry[]>;
  /** The datasets whose id begins so, ascending by id, at most `limit`. */
  datasetsBeginning(context: Context, prefix: string, limit: number): Promise<DatasetEntry[]>;
  /** Every version of every bar and event of a ticker, ascending by date, kind and version. */
  versions(context: Context, ticker: string): Promise<RowVersion[]>;
  /** Those of these merges that are known, in order of when they were made. */
  ingests(context: Context, ids: readonly string[]): Promise<Ingest[]>;
}
