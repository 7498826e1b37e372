import type { SessionDate } from './bar.ts';
import type { Calibration, IntervalLevel } from './calibration.ts';
import type { LeakageFindings } from './gate.ts';

/** Errors of a forecaster over the out-of-sample days, in log returns over the horizon. */
export interface ForecastErrors {
  readonly rmse: number;
  readonly mae: number;
}

/** A statistic with the probability of one so extreme, were there no difference or no skill. */
export interface TestResult {
  readonly statistic: number;
  readonly pValue: number;
}

/** How intervals of one level did. */
export interface IntervalFigures {
  /** Share of outcomes inside. */
  readonly coverage: number;
  readonly meanWidth: number;
  /** Mean Winkler (interval) score: width plus 2 / alpha times the distance of those outside; lower is better. */
  readonly winkler: number;
  /** Mean pinball loss at the two bounds' quantiles. */
  readonly pinball: number;
}

/** The intervals of one level beside the constant-width conformal baseline on the same days. */
export interface IntervalComparison {
  readonly level: IntervalLevel;
  readonly model: IntervalFigures;
  readonly constantWidth: IntervalFigures;
}

/** How often the direction was right among forecasts that promised about as much. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly n: number;
  readonly meanPromised: number;
  readonly shareRight: number;
}

/** What walk-forward evaluation found about one model kind for one ticker and horizon, baselines on the same days. */
export interface Evaluation {
  /** Out-of-sample forecasts that the figures rest on. */
  readonly nForecasts: number;
  readonly nFolds: number;
  readonly firstOrigin: SessionDate;
  readonly lastOrigin: SessionDate;
  readonly model: ForecastErrors;
  readonly naive: ForecastErrors;
  readonly drift: ForecastErrors;
  /** RMSE over the baseline's; below 1 is better than the baseline. */
  readonly rmseRatioToNaive: number;
  readonly rmseRatioToDrift: number;
  /** Diebold-Mariano of squared errors against each baseline; the p is one-sided, small when the model is better. */
  readonly dieboldMariano: { readonly naive: TestResult; readonly drift: TestResult };
  /** Clark-West against naive, which is nested in every model; one-sided. */
  readonly clarkWest: TestResult;
  /** Share of days on which the forecast's sign was right; neutral forecasts and zero returns count as half. */
  readonly directionalAccuracy: number;
  /** Its 95% binomial interval, overlapping forecasts counted as so many independent ones. */
  readonly directionalAccuracyInterval: readonly [number, number];
  /** What always saying "up" would have scored on the same days. */
  readonly alwaysUpAccuracy: number;
  /** Rank correlation of forecast and outcome. */
  readonly informationCoefficient: TestResult;
  readonly intervals: readonly IntervalComparison[];
  readonly reliability: readonly ReliabilityBin[];
  /** Brier score of the stated probability that the direction is right, and of the constant share that was. */
  readonly brier: number;
  readonly brierOfBaseRate: number;
  /** What serving needs to turn the model's answers into forecasts. */
  readonly calibration: Calibration;
  readonly leakage: LeakageFindings;
  /** What a reader must know to judge the figures, in words: short history, few folds. */
  readonly notes: readonly string[];
}
