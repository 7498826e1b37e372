import type { LossComparison } from '../../domain/gate.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { lossRatio, MAX_RATIO } from '../evaluation/metrics.ts';
import { dieboldMariano } from '../evaluation/statistics/index.ts';

/** The sessions, by ordinal, that all of several ascending lists hold, ascending. */
export function commonDays(lists: readonly Int32Array[]): Int32Array {
  return lists.reduce((common, list) => {
    const both: number[] = [];
    let at = 0;
    for (const day of common) {
      while (list[at]! < day) at++; // false past the end
      if (list[at] === day) both.push(day);
    }
    return Int32Array.from(both);
  });
}

/** Squared errors of `yHat` on `days`, each of which is among the `ordinals`; both ascend. */
export function squaredErrors(
  days: Int32Array,
  { ordinals, y }: { readonly ordinals: Int32Array; readonly y: Float64Array },
  yHat: Float64Array,
): Float64Array {
  let row = 0;
  return Float64Array.from(days, (day) => {
    while (ordinals[row]! < day) row++;
    return (y[row]! - yHat[row]!) ** 2;
  });
}

/** The square root of the mean of squared errors. */
export function rootMean(squares: Float64Array): number {
  let sum = 0;
  for (const square of squares) sum += square;
  return Math.sqrt(sum / squares.length);
}

/**
 * Compares squared errors of a model with another forecaster's on the same days, ascending by session and at least one.
 * With `test`, also by Diebold and Mariano, unless both made the same error on every day.
 */
export function compareLosses(
  model: Float64Array,
  other: Float64Array,
  { horizon, test }: { readonly horizon: Horizon; readonly test: boolean },
): LossComparison {
  const rmse = rootMean(model);
  const figures = { nDays: model.length, rmse, rmseRatio: lossRatio(rmse, rootMean(other)) };
  const differential = model.map((loss, i) => loss - other[i]!);
  const first = differential[0]!;
  const isConstant = differential.every((difference) => difference === first);
  if (!test || (isConstant && first === 0)) return figures;
  // Prices that never move leave nothing to estimate a variance from, and nothing to doubt.
  if (isConstant) {
    const isBetter = first < 0;
    const statistic = isBetter ? -MAX_RATIO : MAX_RATIO;
    return { ...figures, dieboldMariano: { statistic, pBetter: isBetter ? 0 : 1, pWorse: isBetter ? 1 : 0 } };
  }
  const { statistic, pBetter, pWorse } = dieboldMariano(differential, horizon);
  return { ...figures, dieboldMariano: { statistic, pBetter, pWorse } };
}
