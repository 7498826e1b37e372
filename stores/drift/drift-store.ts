import type { SessionDate } from '../../domain/bar.ts';
import type { Context } from '../../domain/context.ts';
import type { DriftReport } from '../../domain/drift.ts';
import type { Horizon } from '../../domain/horizon.ts';

/** How many models of a kind and horizon were looked at, by their newest reports, and how many of them have an alarm. */
export interface DriftTally {
  readonly kind: string;
  readonly horizon: Horizon;
  readonly watched: number;
  readonly alarming: number;
}

/** How far a feature lies from the training data, in the newest report in which it lies furthest. */
export interface FeatureTally {
  readonly feature: string;
  readonly psi: number;
  readonly ks: number;
}

/** Reports about models that serve, one per model and session. */
export interface DriftStore {
  /** Enters a report unless there is one of its model and session, and returns the one that is there. */
  enter(context: Context, report: DriftReport): Promise<DriftReport>;
  /**
   * The newest report of each ticker and horizon, of one ticker or of all, by ticker and horizon; with `asOf`, of those
   * that saw no later session.
   */
  newest(context: Context, ticker?: string, asOf?: SessionDate): Promise<DriftReport[]>;
  /** What the newest reports come to, by kind and horizon. */
  tallies(context: Context): Promise<DriftTally[]>;
  /** What they come to by feature: the largest index and the largest statistic. */
  featureTallies(context: Context): Promise<FeatureTally[]>;
  /** Notes which run trains again because of a model's newest report. */
  noteRetraining(context: Context, modelId: string, runId: string): Promise<void>;
  /** The run that was noted last for a model, whichever its report. */
  retrainingOf(context: Context, modelId: string): Promise<string | undefined>;
}
