import type { Instant, SessionDate, Vantage } from './bar.ts';
import type { ContextRecord } from './context.ts';
import type { Horizon } from './horizon.ts';

/** What is looked at for drift: the features, the errors of forecasts, and each level of the intervals. */
export const DRIFT_CHECKS = ['features', 'residuals', 'coverage80', 'coverage95'] as const;
export type DriftCheck = (typeof DRIFT_CHECKS)[number];

/** Probability with which a report raises any alarm although nothing has drifted. */
export const DRIFT_LEVEL = 0.05;

/** Why nothing can be said. */
export interface Untold {
  readonly untold: string;
}

/** How a column of the newest window compares with the reference. */
export interface ColumnDrift {
  readonly name: string;
  /** Population stability index, and Kolmogorov and Smirnov's statistic. */
  readonly psi: number;
  readonly ks: number;
  /** The statistic of distances from the reference's median: sharper where a spread has changed. */
  readonly spreadKs: number;
  /** What is usual without drift: medians over windows of the same length in the reference. */
  readonly usualPsi: number;
  readonly usualKs: number;
  readonly usualSpreadKs: number;
  /** Probability of a distance as large in any of the columns without drift. */
  readonly p: number;
}

/** A window of the newest sessions beside the reference before it; `p` is the least of its columns. */
export interface WindowComparison {
  readonly nReference: number;
  readonly nWindow: number;
  readonly columns: readonly ColumnDrift[];
  readonly p: number;
}

/** What came of intervals of one level. */
export interface CoverageCheck {
  readonly level: number;
  /** Live forecasts, and how many of them count as independent. */
  readonly n: number;
  readonly nIndependent: number;
  /** Share of outcomes that came inside. */
  readonly coverage: number;
  /** Two-sided, of the exact binomial test. */
  readonly p: number;
}

/** First and last session of a stretch. */
export interface Stretch {
  readonly first: SessionDate;
  readonly last: SessionDate;
}

/** What was found about a model that serves, by the newest session; made once and never changed. */
export interface DriftReport {
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly kind: string;
  readonly modelId: string;
  readonly modelVersion: number;
  /** The newest session that was seen. */
  readonly session: SessionDate;
  /** The window of features against the sessions that the model learnt from. */
  readonly features: (WindowComparison & { readonly training: Stretch; readonly window: Stretch }) | Untold;
  /** Errors of live forecasts against those out of sample, both in half-widths of their 80% intervals. */
  readonly residuals: WindowComparison | Untold;
  readonly coverage80: CoverageCheck | Untold;
  readonly coverage95: CoverageCheck | Untold;
  /** What p of each check must not exceed: `DRIFT_LEVEL` shared by those of which something can be said. */
  readonly level: number;
  readonly alarms: readonly DriftCheck[];
  readonly madeAt: Instant;
}

/** What is done about a model that serves and has drifted. */
export const ON_DRIFT = ['note', 'retrain'] as const;
export type OnDrift = (typeof ON_DRIFT)[number];

/** A place in the order in which models are looked at. */
export interface DriftCursor {
  readonly ticker: string;
  readonly horizon: Horizon;
}

/** Input of the workflow `monitorDrift`. */
export interface MonitorDriftInput {
  readonly version: 1;
  readonly context: ContextRecord;
  /** Default: all tickers of which something serves. */
  readonly ticker?: string;
  /** Looks at what served by the end of that day, by what was known then; default: the day that the run was due. */
  readonly asOf?: SessionDate;
  /** Carried over by continue-as-new. */
  readonly carried?: DriftCarry;
}

/** How far a monitoring has come. */
export interface DriftCarry {
  readonly vantage: Vantage;
  readonly total: number;
  readonly counts: DriftCounts;
  readonly alarming: readonly DriftAlarm[];
  readonly after?: DriftCursor;
}

/** What monitoring has done. */
export interface DriftCounts {
  /** Models that were looked at. */
  readonly checked: number;
  /** Those of which nothing can be said yet. */
  readonly untold: number;
  /** Those with an alarm. */
  readonly nAlarming: number;
}

/** Alarms that are named in the result of a run. */
export const MOST_NAMED_ALARMS = 20;

/** A model with an alarm. */
export interface DriftAlarm extends Pick<DriftReport, 'ticker' | 'horizon' | 'kind' | 'modelId' | 'alarms'> {}

/** What came of a batch of models; without `after` there is no more. */
export interface DriftBatch extends DriftCounts {
  readonly alarming: readonly DriftAlarm[];
  readonly after?: DriftCursor;
}

/** Answer of the query `progress` of `monitorDrift`. */
export interface DriftProgress {
  readonly ticker?: string;
  readonly done: number;
  readonly total: number;
}

/** What was trained again because it had drifted. */
export interface DriftRetraining {
  readonly tickers: readonly string[];
  /** Workflow ids of the training runs. */
  readonly runIds: readonly string[];
  /** Why something could not be trained. */
  readonly problems: readonly string[];
}

/** Result of `monitorDrift`. */
export interface MonitorDriftResult extends DriftCounts {
  readonly asOf: SessionDate;
  /** The first few models with an alarm. */
  readonly alarming: readonly DriftAlarm[];
  readonly retraining: DriftRetraining;
}

/** Name by which clients address the workflow. */
export const MONITOR_DRIFT = 'monitorDrift';

/** Whether something can be said. */
export function isTold<T extends object>(check: T | Untold): check is T {
  return !('untold' in check);
}
