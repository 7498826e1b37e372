import type { LeakageCheck, LeakageFindings } from './gate.ts';

/** The searches for knowledge of the future that a model version goes through before it is registered. */
export type LeakageCheckName =
  | 'future-perturbation/features'
  | 'future-perturbation/forecasts'
  | 'purged-folds'
  | 'shuffled-labels'
  | 'session-gaps';

/** What one of them found; `detail` is a clause without a full stop, to be read by people. */
export interface NamedLeakageCheck extends LeakageCheck {
  readonly name: LeakageCheckName;
}

/** What all of them found about one model version, as plain JSON for its certificate. */
export interface LeakageReport extends LeakageFindings {
  readonly checks: readonly NamedLeakageCheck[];
}
