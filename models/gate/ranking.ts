import type { Judged } from './judge.ts';
import { commonDays, rootMean, squaredErrors } from './loss-comparison.ts';
import { days } from './reasons.ts';

/** The candidates that passed, by how far off they were. */
export interface Ranking {
  /** The lowest loss, the first of equals; absent when none passed. */
  readonly best?: Judged;
  readonly lossOf: ReadonlyMap<Judged, number>;
  /** What the loss is, in words. */
  readonly basis: string;
}

/**
 * Ranks candidates by RMSE on the days that all of them forecast; where these are not enough, by the ratio of RMSE to
 * naive's on each one's own days, which at least takes out how wild those days were.
 */
export function rank(passing: readonly Judged[], isEnough: (nDays: number) => boolean): Ranking {
  if (passing.length === 0) return { lossOf: new Map(), basis: '' };
  const common = commonDays(passing.map(({ contender }) => contender.forecasts.ordinals));
  const onCommonDays = isEnough(common.length);
  const lossOf = new Map(
    passing.map((judged) => {
      const { forecasts } = judged.contender;
      const rmse = () => rootMean(squaredErrors(common, forecasts, forecasts.yHat));
      return [judged, onCommonDays ? rmse() : judged.comparisons.naive.rmseRatio];
    }),
  );
  const best = passing.reduce((lowest, judged) => (lossOf.get(judged)! < lossOf.get(lowest)! ? judged : lowest));
  const basis = onCommonDays
    ? `RMSE on ${days(common.length)} in common`
    : `RMSE over naive's on their own days, as ${days(common.length)} in common are too few`;
  return { best, lossOf, basis };
}
