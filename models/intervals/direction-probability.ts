import type { Horizon } from '../../domain/horizon.ts';
import { type ScoredForecasts, ScoreWindow, prequentially, rankIn } from './score-window.ts';

/** Independent forecasts, half of them right, that a model's own are weighed against. */
const DOUBT = 20;
const N_QUANTILES = 101;

/** All that serving needs to say how likely a new forecast's sign is right; plain JSON. */
export interface DirectionCalibration {
  readonly horizon: Horizon;
  readonly nScores: number;
  /** Signed scores (y - yHat) / volatility at 101 evenly spaced quantiles from 0 to 1, ascending; none of no scores. */
  readonly scoreQuantiles: readonly number[];
  /** From 0 to 1: how much of what was promised about the direction, beyond one half, came true. */
  readonly kept: number;
}

/**
 * The probability, in [0.5, 1), that each forecast's sign is right. With p the share of signed scores r for which
 * yHat + r volatility has the sign of yHat, n their number and h the horizon, a forecast promises
 *
 *     e = (p - 0.5) m / (m + 20),   m = n / h
 *
 * beyond one half, the mean of a beta posterior whose prior is worth 20 tosses of a fair coin, and
 *
 *     probability = max(0.5, 0.5 + kept e)
 *
 * where kept = min(1, b) t^2 / (1 + t^2) for b > 0, otherwise 0: b is the slope of a line through the origin from the
 * promises e so far to (right - 0.5), t that slope in standard errors with overlapping forecasts counted as one. The
 * share p takes for granted that a larger forecast comes with a larger outcome; where it doesn't, p is too sure.
 * Right is 1, 0, or 1/2 for a zero outcome; a neutral forecast has 0.5. The probability at t uses outcomes known at t.
 */
export function directionProbabilities(forecasts: ScoredForecasts): Float64Array {
  const { yHat, volatility } = forecasts;
  const probabilities = new Float64Array(yHat.length);
  goThrough(forecasts, (row, calibration) => {
    probabilities[row] = directionProbabilityAround(yHat[row]!, volatility[row]!, calibration);
  });
  return probabilities;
}

/** The calibration for forecasts made when all of these have matured, by the arithmetic of `directionProbabilities`. */
export function calibrateDirection(forecasts: ScoredForecasts): DirectionCalibration {
  return goThrough(forecasts, () => undefined);
}

/**
 * The probability, in [0.5, 1), that the sign of one forecast is right.
 * @param volatility forecast volatility over the horizon at the forecast's session (`forecastVolatility`)
 */
export function directionProbabilityAround(
  yHat: number,
  volatility: number,
  calibration: DirectionCalibration,
): number {
  return Math.max(0.5, 0.5 + calibration.kept * promiseOf(yHat / volatility, calibration));
}

/** Judges every forecast with what was known then; returns what is known when all have matured. */
function goThrough(
  forecasts: ScoredForecasts,
  judge: (row: number, calibration: DirectionCalibration) => void,
): DirectionCalibration {
  const { ordinals, y, yHat, volatility, horizon } = forecasts;
  const scores = new ScoreWindow();
  const promises = new Float64Array(ordinals.length);
  let promised = 0;
  let came = 0;
  let matured = 0;
  const learn = (row: number) => {
    scores.add((y[row]! - yHat[row]!) / volatility[row]!);
    promised += promises[row]! ** 2;
    came += (promises[row]! * Math.sign(y[row]!) * Math.sign(yHat[row]!)) / 2;
    matured++;
  };
  const known = (): DirectionCalibration => ({
    horizon,
    nScores: matured,
    scoreQuantiles: quantilesOf(scores.sorted),
    kept: keptOf(promised, came, horizon),
  });
  prequentially(forecasts, learn, (row) => {
    const calibration = known();
    promises[row] = promiseOf(yHat[row]! / volatility[row]!, calibration);
    judge(row, calibration);
  });
  while (matured < ordinals.length) learn(matured);
  return known();
}

function keptOf(promised: number, came: number, horizon: Horizon): number {
  // Nothing came where nothing was promised, so this covers that too.
  if (came <= 0) return 0;
  const slope = came / promised;
  // What a coin's tosses, of variance 1/4, would scatter the slope by.
  const squaredError = horizon / 4 / promised;
  return (Math.min(1, slope) * slope * slope) / (slope * slope + squaredError);
}

/** What a forecast of so many volatilities promises about its direction beyond one half, before calibration. */
function promiseOf(scaled: number, { horizon, nScores, scoreQuantiles }: DirectionCalibration): number {
  if (scaled === 0 || nScores === 0) return 0;
  const below = shareBelow(scoreQuantiles, -scaled);
  const nIndependent = nScores / horizon;
  return (((scaled > 0 ? 1 - below : below) - 0.5) * nIndependent) / (nIndependent + DOUBT);
}

/** The share of a distribution below `value`, from evenly spaced quantiles; where it has mass at `value`, half of it. */
function shareBelow(quantiles: readonly number[], value: number): number {
  const last = quantiles.length - 1;
  const nBelow = rankIn(quantiles, value);
  let nUpTo = nBelow;
  while (quantiles[nUpTo] === value) nUpTo++;
  if (nUpTo > nBelow) return (nBelow + nUpTo - 1) / 2 / last;
  if (nBelow === 0) return 0;
  if (nBelow > last) return 1;
  const low = quantiles[nBelow - 1]!;
  return (nBelow - 1 + (value - low) / (quantiles[nBelow]! - low)) / last;
}

/** Values at evenly spaced quantiles, interpolated between order statistics. */
function quantilesOf(sorted: readonly number[]): number[] {
  if (sorted.length === 0) return [];
  const last = sorted.length - 1;
  const quantiles: number[] = [];
  for (let q = 0; q < N_QUANTILES; q++) {
    const position = (q * last) / (N_QUANTILES - 1);
    const below = Math.floor(position);
    const low = sorted[below]!;
    quantiles.push(low + ((sorted[below + 1] ?? low) - low) * (position - below));
  }
  return quantiles;
}
