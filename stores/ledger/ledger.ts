import type { SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { ModelMention, Promotion } from '../../domain/model-version.ts';

/** Puts another model in the place of what serves, as a person asks. */
export interface Rollback extends Pick<Promotion, 'ticker' | 'horizon' | 'reasons' | 'principal'> {
  /** What serves, as whoever asks knows it. */
  readonly from: string;
  readonly to: Pick<Promotion, 'modelId' | 'kind' | 'certificateId'>;
}

/** What came of an experiment for one ticker: another model in the place of what serves, or the same with reasons. */
export interface Replacement extends Rollback {
  /** Names the entry: a second one of the same name changes nothing. */
  readonly runId: string;
}

/** What serves when and why: every promotion in order. The `production` alias is the newest entry that moved it. */
export interface Ledger {
  /**
   * Enters a promotion and, if it is live, moves the live alias, in one transaction, unless `asOf` lies before that of
   * a live entry. A second entry of the same execution for the same ticker and horizon changes nothing and returns the
   * first. With `leavesPut`, a live entry of a run that is made once more changes nothing and returns what serves, where
   * that was put there by a person or an experiment since the run's last entry.
   */
  enter(
    context: Context,
    promotion: Omit<Promotion, 'entry' | 'movedLive' | 'previousModelId' | 'at'>,
    how?: { readonly leavesPut?: boolean },
  ): Promise<Promotion>;
  /**
   * Moves the live alias from one model to another, as of the newest live entry, and returns what serves then. Changes
   * nothing where the other one serves already, nor where a third one has come to serve meanwhile; nothing is returned
   * where nothing serves.
   */
  rollBack(context: Context, rollback: Rollback): Promise<Promotion | undefined>;
  /**
   * Enters that another model comes in the place of what serves, or with `to` the same that it stays, and why; as of the
   * newest live entry. Returns the entry; where a third model has come to serve meanwhile, nothing is entered or returned.
   */
  replace(context: Context, replacement: Replacement): Promise<Promotion | undefined>;
  /** What serves now (without `asOf`), or what was in production as of a date: the newest entry not later than it. */
  production(context: Context, ticker: string, horizon: Horizon, asOf?: SessionDate): Promise<Promotion | undefined>;
  /** What serves now, for every ticker and horizon that has something, by ticker and horizon. */
  serving(context: Context): Promise<Promotion[]>;
  /** The newest entry that a run made for a ticker and horizon, in whichever execution. */
  newestOf(context: Context, runId: string, ticker: string, horizon: Horizon): Promise<Promotion | undefined>;
  /** The entry with this number, of whichever ticker. */
  entry(context: Context, entry: number): Promise<Promotion | undefined>;
  /** All entries for a ticker, newest first. */
  history(context: Context, ticker: string): Promise<Promotion[]>;
  /** What the entries of all tickers name, each pair of model and certificate once. */
  mentions(context: Context): Promise<ModelMention[]>;
}
