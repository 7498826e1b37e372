import type { Horizon } from './horizon.ts';

/** Levels of the prediction intervals that every forecast carries. */
export const INTERVAL_LEVELS = [0.8, 0.95] as const;
export type IntervalLevel = (typeof INTERVAL_LEVELS)[number];

/** All that serving needs to put intervals around a new forecast; plain JSON. */
export interface IntervalCalibration {
  readonly horizon: Horizon;
  /** Scores that the multiples rest on. */
  readonly nScores: number;
  /** Half-widths in volatilities, one per level of `INTERVAL_LEVELS`. */
  readonly multiples: readonly { readonly level: IntervalLevel; readonly multiple: number }[];
}

/** All that serving needs to say how likely a new forecast's sign is right; plain JSON. */
export interface DirectionCalibration {
  readonly horizon: Horizon;
  readonly nScores: number;
  /** Signed scores (y - yHat) / volatility at 101 evenly spaced quantiles from 0 to 1, ascending; none of no scores. */
  readonly scoreQuantiles: readonly number[];
  /** From 0 to 1: how much of what was promised about the direction, beyond one half, came true. */
  readonly kept: number;
}

/** What turns a fitted model's answer into a forecast: learnt from its own matured out-of-sample forecasts alone. */
export interface Calibration {
  /** What the model's answer is multiplied by, from 0 to 1. */
  readonly shrinkage: number;
  /** An ensemble's weights, in its members' order. */
  readonly weights?: readonly number[];
  readonly intervals: IntervalCalibration;
  readonly direction: DirectionCalibration;
}
