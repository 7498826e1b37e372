import type { GateThresholds, GateVerdict, LeakageFindings } from '../../domain/gate.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { OutOfSampleForecasts } from '../evaluation/out-of-sample.ts';
import {
  besideBaseline,
  besideChampion,
  championElsewhere,
  coverageInWords,
  daysInWords,
  equalToNaive,
  leakageInWords,
  noChampion,
} from './reasons.ts';

/** What the checks look at: one candidate's figures. */
export interface CheckedCandidate {
  readonly forecasts: OutOfSampleForecasts;
  readonly leakage: LeakageFindings;
  readonly comparisons: GateVerdict['comparisons'];
  readonly coverage80: number;
}

/** What the checks measure against. */
export interface CheckContext {
  readonly horizon: Horizon;
  readonly thresholds: GateThresholds;
  readonly championKind?: string;
}

/** One thing that a candidate must pass, in words either way. */
export interface Check {
  readonly passed: boolean;
  readonly reason: string;
}

/** The level whose coverage the gate judges. */
export const JUDGED_LEVEL = 0.8;
/** Far below one outcome in any history, far above what rounding does to a share. */
const ROUNDING = 1e-9;

/** Whether so many days of forecasts, which overlap where the horizon is above 1, can carry a verdict. */
export function enoughDays(nDays: number, horizon: Horizon, thresholds: GateThresholds): boolean {
  return nDays >= daysNeeded(horizon, thresholds);
}

/** Fewest days of forecasts on which a test's small p mean what they say. */
export function daysToClaim(horizon: Horizon, { minIndependentDaysToClaim }: GateThresholds): number {
  return minIndependentDaysToClaim * horizon;
}

/** Fewest days of forecasts that can carry a verdict. */
function daysNeeded(horizon: Horizon, { minDays, minIndependentDays }: GateThresholds): number {
  return Math.max(minDays, minIndependentDays * horizon);
}

/** Whether a leakage gate was passed: something was checked, and nothing was found. */
export function isFreeOfLeakage({ passed, checks }: LeakageFindings): boolean {
  return passed && checks.length > 0 && checks.every((check) => check.passed);
}

/** Whether a candidate forecasts no change on every day, as one that was shrunk to nothing does. */
function isEqualToNaive({ yHat, naive }: OutOfSampleForecasts): boolean {
  return yHat.every((forecast, i) => forecast === naive[i]);
}

/** Everything that a candidate must pass, in the order in which people read it. */
export function checksOf(candidate: CheckedCandidate, context: CheckContext): Check[] {
  const { forecasts, leakage, comparisons, coverage80 } = candidate;
  const { horizon, thresholds } = context;
  const nDays = forecasts.y.length;
  const coverageError = Math.abs(coverage80 - JUDGED_LEVEL);
  return [
    check(enoughDays(nDays, horizon, thresholds), daysInWords(forecasts.dates, daysNeeded(horizon, thresholds))),
    check(isFreeOfLeakage(leakage), leakageInWords(leakage)),
    isEqualToNaive(forecasts)
      ? check(false, equalToNaive())
      : check(
          comparisons.naive.rmseRatio <= thresholds.maxRatio,
          besideBaseline(comparisons.naive, 'naive', thresholds),
        ),
    check(comparisons.drift.rmseRatio <= thresholds.maxRatio, besideBaseline(comparisons.drift, 'drift', thresholds)),
    championCheck(comparisons.champion, context),
    check(coverageError <= thresholds.maxCoverageError + ROUNDING, coverageInWords(coverage80, thresholds)),
  ];
}

function championCheck(
  comparison: GateVerdict['comparisons']['champion'],
  { championKind, thresholds }: CheckContext,
): Check {
  if (championKind === undefined) return check(true, noChampion());
  if (comparison === undefined) return check(true, championElsewhere(championKind));
  const pWorse = comparison.dieboldMariano?.pWorse ?? 1;
  return check(!(pWorse < thresholds.championWorseP), besideChampion(comparison, championKind, thresholds));
}

function check(passed: boolean, sentence: string): Check {
  return { passed, reason: passed ? sentence : `Refused: ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}` };
}
