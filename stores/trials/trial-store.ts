import type { Context } from '../../domain/context.ts';
import type { Trial } from '../../domain/parameter-search.ts';

/** A trial as it is begun. */
export type NewTrial = Omit<Trial, 'status' | 'attempts' | 'loss' | 'problem' | 'startedAt' | 'endedAt'>;

/** How a trial ended: with a loss, with a problem, or called off. */
export type TrialEnd =
  | { readonly status: 'finished'; readonly loss: number }
  | { readonly status: 'failed'; readonly problem: string }
  | { readonly status: 'cancelled' };

/** The trials of every search for parameters. */
export interface TrialStore {
  /**
   * Enters that a trial begins, at the context's time. One that has finished stays as it is and is returned with its
   * loss; any other begins again, as another attempt.
   */
  begin(context: Context, trial: NewTrial): Promise<Trial>;
  /**
   * Enters how it ended; one that has finished stays as it is.
   * @throws RangeError when no such trial was begun
   */
  end(context: Context, searchId: string, number: number, end: TrialEnd): Promise<Trial>;
  /** The trials of a ticker's newest search for each horizon and kind, the one begun last, by horizon, kind and number. */
  newest(context: Context, ticker: string): Promise<Trial[]>;
}
