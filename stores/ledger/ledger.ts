import type { SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { ModelMention, Promotion } from '../../domain/model-version.ts';

/** What serves when and why: every promotion in order. The `production` alias is the newest entry that moved it. */
export interface Ledger {
  /**
   * Enters a promotion and, if it is live, moves the live alias, in one transaction, unless `asOf` lies before that of
   * a live entry. A second entry of the same execution for the same ticker and horizon changes nothing and returns the
   * first.
   */
  enter(context: Context, promotion: Omit<Promotion, 'movedLive' | 'previousModelId' | 'at'>): Promise<Promotion>;
  /** What serves now (without `asOf`), or what was in production as of a date: the newest entry not later than it. */
  production(context: Context, ticker: string, horizon: Horizon, asOf?: SessionDate): Promise<Promotion | undefined>;
  /** What serves now, for every ticker and horizon that has something, by ticker and horizon. */
  serving(context: Context): Promise<Promotion[]>;
  /** The newest entry that a run made for a ticker and horizon, in whichever execution. */
  newestOf(context: Context, runId: string, ticker: string, horizon: Horizon): Promise<Promotion | undefined>;
  /** All entries for a ticker, newest first. */
  history(context: Context, ticker: string): Promise<Promotion[]>;
  /** What the entries of all tickers name, each pair of model and certificate once. */
  mentions(context: Context): Promise<ModelMention[]>;
}
