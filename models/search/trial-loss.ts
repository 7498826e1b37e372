import type { SessionDate } from '../../domain/bar.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { learningRows } from '../evaluation/learning-rows.ts';
import { lossRatio } from '../evaluation/metrics.ts';
import { type EvaluationOptions, walkForward } from '../evaluation/raw-forecasts.ts';
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import { rowRange } from '../matrix.ts';
import type { ModelKind } from '../model.ts';

/** Fewest sessions with a known outcome that a search may choose by, about a year: fewer would choose what was lucky. */
const LEAST_SESSIONS = 252;

/**
 * The newest session that a search may see: the middle one of those whose outcome is known. What comes later is left to
 * judge the choice by. Undefined when less than a year would be left to choose by.
 */
export function searchedUntil(features: FeatureMatrix, horizon: Horizon): SessionDate | undefined {
  const { dates } = learningRows(features, horizon);
  const middle = Math.floor((dates.length - 1) / 2);
  return middle + 1 - horizon >= LEAST_SESSIONS ? dates[middle] : undefined;
}

/** The rows of a feature matrix up to a session, as it would have been made at that session's close. */
export function featuresUntil(features: FeatureMatrix, until: SessionDate): FeatureMatrix {
  const later = features.dates.findIndex((date) => date > until);
  const nRows = later === -1 ? features.dates.length : later;
  return {
    ...features,
    dates: features.dates.slice(0, nRows),
    X: rowRange(features.X, 0, nRows),
    adjustedClose: features.adjustedClose.subarray(0, nRows),
  };
}

/**
 * How wrong a kind with these parameters is on a panel: the root mean squared error of its walk-forward forecasts over
 * that of naive, both in forecast volatilities, so that calm and wild times count alike. Below 1 is better than naive.
 * The forecasts are raw: held back by what they were worth, bad parameters would look like harmless ones.
 *
 * Sees all of the panel, outcomes included: cut it (`featuresUntil`) where what comes later is to stay unseen.
 * @throws StockcastError TOO_FEW_SESSIONS when not even one fold is possible
 */
export function trialLoss(
  kind: ModelKind,
  panel: readonly FeatureMatrix[],
  horizon: Horizon,
  options: EvaluationOptions,
): number {
  let errors = 0;
  let moves = 0;
  for (const { y, raw, volatility } of walkForward(kind, panel, horizon, options)) {
    for (let i = 0; i < y.length; i++) {
      errors += ((y[i]! - raw[i]!) / volatility[i]!) ** 2;
      moves += (y[i]! / volatility[i]!) ** 2;
    }
  }
  return lossRatio(Math.sqrt(errors), Math.sqrt(moves));
}
