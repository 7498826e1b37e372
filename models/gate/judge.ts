import type { GateThresholds, GateVerdict, LossComparison } from '../../domain/gate.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { OutOfSampleForecasts } from '../evaluation/out-of-sample.ts';
import { checksOf, daysToClaim, enoughDays, JUDGED_LEVEL } from './checks.ts';
import { type Champion, type Contender, checkForecasts, unusable } from './contender.ts';
import { commonDays, compareLosses, squaredErrors } from './loss-comparison.ts';

/** One contender by itself, before it is weighed against the others. */
export interface Judged {
  readonly contender: Contender;
  readonly comparisons: GateVerdict['comparisons'];
  readonly coverage80: number;
  /** Whether every check was passed; false for baselines, which don't compete. */
  readonly passed: boolean;
  /** A sentence per check. */
  readonly reasons: readonly string[];
  /** Of being better than naive by chance alone; absent where that was not tested. */
  readonly pValue?: number;
}

/** What a contender is judged with. */
export interface JudgeOptions {
  readonly horizon: Horizon;
  readonly champion?: Champion;
  readonly thresholds: GateThresholds;
}

/**
 * Compares a contender with naive, drift and the champion, and a candidate with what is asked of it.
 * @throws StockcastError MODEL_INPUT_INVALID when its forecasts can't be judged
 */
export function judge(contender: Contender, options: JudgeOptions): Judged {
  const { horizon, champion, thresholds } = options;
  const { kind, role, forecasts, leakage } = contender;
  checkForecasts(kind, forecasts);
  const { ordinals } = forecasts;
  const model = squaredErrors(ordinals, forecasts, forecasts.yHat);
  const test = enoughDays(ordinals.length, horizon, thresholds);
  const against = (yHat: Float64Array) =>
    compareLosses(model, squaredErrors(ordinals, forecasts, yHat), { horizon, test });
  const versusChampion = againstChampion(forecasts, options);
  const comparisons = {
    naive: against(forecasts.naive),
    drift: against(forecasts.drift),
    ...(versusChampion === undefined ? {} : { champion: versusChampion }),
  };
  const coverage80 = coverageOf(kind, forecasts);
  const judged = { contender, comparisons, coverage80 };
  if (role === 'baseline') return { ...judged, passed: false, reasons: [] };
  const checks = checksOf(
    { forecasts, leakage, comparisons, coverage80 },
    { horizon, thresholds, ...(champion === undefined ? {} : { championKind: champion.kind }) },
  );
  const pValue = comparisons.naive.dieboldMariano?.pBetter;
  const isTested = pValue !== undefined && ordinals.length >= daysToClaim(horizon, thresholds);
  return {
    ...judged,
    passed: checks.every(({ passed }) => passed),
    reasons: checks.map(({ reason }) => reason),
    ...(isTested ? { pValue } : {}),
  };
}

function againstChampion(
  forecasts: OutOfSampleForecasts,
  { horizon, champion, thresholds }: JudgeOptions,
): LossComparison | undefined {
  if (champion === undefined) return undefined;
  const common = commonDays([forecasts.ordinals, champion.forecasts.ordinals]);
  if (common.length === 0) return undefined;
  return compareLosses(
    squaredErrors(common, forecasts, forecasts.yHat),
    squaredErrors(common, champion.forecasts, champion.forecasts.yHat),
    { horizon, test: enoughDays(common.length, horizon, thresholds) },
  );
}

function coverageOf(kind: string, { y, intervals }: OutOfSampleForecasts): number {
  const series = intervals.find(({ level }) => level === JUDGED_LEVEL);
  if (series === undefined) throw unusable(kind, 'its forecasts have no 80% intervals');
  return y.filter((outcome, i) => series.lower[i]! <= outcome && outcome <= series.upper[i]!).length / y.length;
}
