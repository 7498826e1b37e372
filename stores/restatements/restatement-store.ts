import type { Context } from '../../domain/context.ts';
import type { ChangedSession, Restatement } from '../../domain/restatement.ts';

/** The changes of known history that merges of the bar store have found. */
export interface RestatementStore {
  /** The newest first, of one ticker or of all, at most `limit`; each with all its tickers. */
  list(context: Context, asked: { readonly ticker?: string; readonly limit: number }): Promise<Restatement[]>;
  find(context: Context, id: string): Promise<Restatement | undefined>;
  /** The sessions that it changed of a ticker, ascending; none where it changed events alone. */
  changes(context: Context, restatement: Restatement, ticker: string): Promise<ChangedSession[]>;
  /** Notes the run that trains again what rests on it. */
  noteRetraining(context: Context, id: string, runId: string): Promise<void>;
}
