import type { SessionDate } from '../../domain/bar.ts';
import type { ExperimentLook } from '../../domain/experiment.ts';
import { lossRatio } from './metrics.ts';
import type { PlannedLook } from './planned-looks.ts';
import { dieboldMariano } from './statistics/index.ts';

/** The squared errors of two models that forecast from the same session, each the mean over its tickers. */
export interface PairedLosses {
  readonly originSession: SessionDate;
  readonly champion: number;
  readonly challenger: number;
}

/**
 * Holds a challenger's live losses against the champion's at one look that was planned before: Diebold and Mariano's test
 * with the correction of Harvey, Leybourne and Newbold. The pairs do not overlap, so that no autocovariance is to be
 * weighted, whatever the horizon.
 *
 * @param pairs at least `n` in the order in which they became known; the first `n` count
 */
export function lookAt(pairs: readonly PairedLosses[], { n, level }: PlannedLook): Omit<ExperimentLook, 'at'> {
  const seen = pairs.slice(0, n);
  const differential = Float64Array.from(seen, ({ champion, challenger }) => challenger - champion);
  const { pBetter, pWorse } = dieboldMariano(differential, 1);
  const sum = (loss: (pair: PairedLosses) => number) => seen.reduce((total, pair) => total + loss(pair), 0);
  const rmseRatio = lossRatio(Math.sqrt(sum((pair) => pair.challenger)), Math.sqrt(sum((pair) => pair.champion)));
  return { n, rmseRatio, pBetter, pWorse, level };
}
