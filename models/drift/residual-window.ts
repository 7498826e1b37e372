import type { Horizon } from '../../domain/horizon.ts';
import type { OutOfSampleForecasts } from '../evaluation/out-of-sample.ts';
import { scoresNeeded } from '../intervals/score-window.ts';

/** Out-of-sample forecasts that live ones are held against, at most: four years. */
const NEWEST = 1008;
/** The level in whose half-widths errors are counted. */
export const RESIDUAL_LEVEL = 0.8;

/**
 * Errors (forecast minus outcome) of out-of-sample forecasts in half-widths of their 80% intervals, oldest first. The
 * first ones are left out: their intervals were wide for want of scores.
 */
export function residualsOutOfSample(
  { y, yHat, intervals }: Pick<OutOfSampleForecasts, 'y' | 'yHat' | 'intervals'>,
  horizon: Horizon,
): Float64Array {
  const { lower, upper } = intervals.find(({ level }) => level === RESIDUAL_LEVEL)!;
  const residuals = y.map((outcome, i) => (2 * (yHat[i]! - outcome)) / (upper[i]! - lower[i]!));
  const settled = Math.max(scoresNeeded(0.95) * horizon, residuals.length - NEWEST);
  return residuals.slice(settled).filter(Number.isFinite);
}
