/** What a candidate must reach before it may serve, and what may be said about it. Plain numbers, for the config. */
export interface GateThresholds {
  /** Largest RMSE over the naive and over the drift forecast's on the same days. */
  readonly maxRatio: number;
  /** Refused when worse than the champion with a one-sided Diebold-Mariano p below this. */
  readonly championWorseP: number;
  /** Most by which the share of outcomes inside the 80% intervals may miss 0.8, up or down. */
  readonly maxCoverageError: number;
  /** "Beats naive" is said only with a corrected p below this. */
  readonly claimP: number;
  /** Fewest out-of-sample days that a verdict may rest on: 252 leave the coverage a standard error of 2.5 points. */
  readonly minDays: number;
  /** And fewest that don't overlap, days / horizon: a horizon of 63 sessions needs 25 x 63 days. */
  readonly minIndependentDays: number;
  /**
   * Fewest of these for a claim: with a horizon of 10, fewer than 1,000 days give small p several times too often
   * (3.7 times too often below 0.003 on 252 simulated days).
   */
  readonly minIndependentDaysToClaim: number;
}

export const DEFAULT_THRESHOLDS: GateThresholds = Object.freeze({
  maxRatio: 1,
  championWorseP: 0.05,
  maxCoverageError: 0.04,
  claimP: 0.05,
  minDays: 252,
  minIndependentDays: 25,
  minIndependentDaysToClaim: 100,
});

/** A version is in development once trained, in staging once it passed the gate, in production when it was chosen. */
export type Stage = 'development' | 'staging' | 'production';

/** One search for knowledge of the future in a model's training; `detail` says in words what was found. */
export interface LeakageCheck {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** What the leakage gates found about a model version. */
export interface LeakageFindings {
  readonly passed: boolean;
  readonly checks: readonly LeakageCheck[];
}

/** A model's squared errors beside another forecaster's on the same days. */
export interface LossComparison {
  readonly nDays: number;
  readonly rmse: number;
  /** RMSE over the other's; below 1 is better than the other. */
  readonly rmseRatio: number;
  /** Absent when the days are too few for a test, or the forecasts equal day by day. */
  readonly dieboldMariano?: {
    /** Below 0 when the model is better; plus or minus 1e6 where one is better by the same on every day. */
    readonly statistic: number;
    /** One-sided: small when the model is better, or worse, than chance would make it. */
    readonly pBetter: number;
    readonly pWorse: number;
  };
}

/** What the gate says of one contender. */
export interface GateVerdict {
  readonly kind: string;
  readonly modelId: string;
  /** Whether it may serve. A baseline never passes: naive serves where nothing else may. */
  readonly passed: boolean;
  /** Sentences with the figures behind them; those that kept it out begin with "Refused". */
  readonly reasons: readonly string[];
  /** `champion` is absent when there is none or no day in common. */
  readonly comparisons: {
    readonly naive: LossComparison;
    readonly drift: LossComparison;
    readonly champion?: LossComparison;
  };
  /** Share of outcomes inside the 80% intervals. */
  readonly coverage80: number;
  /** Whether "beats naive" may be said. */
  readonly beatsNaive: boolean;
  /** Of being better than naive; 1 where that was not tested: baselines, too few days, equal to naive. */
  readonly pValue: number;
  /** `pValue` corrected for everything else that the run tested. */
  readonly pAdjusted: number;
  readonly stage: Stage;
}

/** Which model serves one ticker and horizon, and why. */
export interface GateDecision {
  readonly kind: string;
  readonly modelId: string;
  /** Whether naive serves because no candidate passed. */
  readonly fallback: boolean;
  /** One per contender, in their order. */
  readonly verdicts: readonly GateVerdict[];
  /** The decision in one sentence. */
  readonly summary: string;
}
