import type { Horizon } from '../../domain/horizon.ts';
import { INTERVAL_LEVELS, type IntervalLevel } from '../../domain/calibration.ts';
import type { IntervalSeries } from '../evaluation/out-of-sample.ts';
import { type ScoredForecasts, ScoreWindow, conformalQuantile, prequentially, scoresNeeded } from './score-window.ts';

/** Scores that an interval rests on at most: two years' worth. */
export const SCORE_WINDOW = 504;

/**
 * Half-widths in volatilities while scores are too few: quantiles of Student's t with 3 degrees of freedom. With enough
 * scores about 1.2 and 2.1 are usual.
 */
export const FEW_SCORES_MULTIPLE: Readonly<Record<IntervalLevel, number>> = { 0.8: 1.638, 0.95: 3.182 };

/** A prediction interval, as log returns over the horizon. */
export interface Interval {
  readonly level: IntervalLevel;
  readonly lower: number;
  readonly upper: number;
}

/** All that serving needs to put intervals around a new forecast; plain JSON. */
export interface IntervalCalibration {
  readonly horizon: Horizon;
  /** Scores that the multiples rest on. */
  readonly nScores: number;
  /** Half-widths in volatilities, one per level of `INTERVAL_LEVELS`. */
  readonly multiples: readonly { readonly level: IntervalLevel; readonly multiple: number }[];
}

/**
 * Split conformal intervals around every forecast of a series: yHat -/+ q volatility, where q is the conformal quantile
 * of the last 504 scores |y - yHat| / volatility. With too few of them q is the larger of the largest score and
 * `FEW_SCORES_MULTIPLE`, which is wide. The interval at t uses scores whose targets had matured by t.
 *
 * Absolute scores, since signed ones leave each tail only half of them: on simulated GARCH returns and the bundled prices
 * before 2005 their Winkler scores were worse at 95%, one session ahead by 0.2 to 0.7%, ten ahead by 2 to 10%.
 */
export function conformalIntervals(forecasts: ScoredForecasts): IntervalSeries[] {
  const { yHat, volatility, horizon } = forecasts;
  const window = new ScoreWindow(SCORE_WINDOW);
  return intervalSeries(
    forecasts,
    (row) => window.add(scoreOf(forecasts, row)),
    (row) => intervalsAround(yHat[row]!, volatility[row]!, calibrationFrom(window, horizon)),
  );
}

/** The calibration for forecasts made when all of these have matured, by the arithmetic of `conformalIntervals`. */
export function calibrateIntervals(forecasts: ScoredForecasts): IntervalCalibration {
  const window = new ScoreWindow(SCORE_WINDOW);
  for (let row = 0; row < forecasts.y.length; row++) window.add(scoreOf(forecasts, row));
  return calibrationFrom(window, forecasts.horizon);
}

/**
 * The intervals around one forecast, one per level of the calibration.
 * @param volatility forecast volatility over the horizon at the forecast's session (`forecastVolatility`)
 */
export function intervalsAround(yHat: number, volatility: number, { multiples }: IntervalCalibration): Interval[] {
  return multiples.map(({ level, multiple }) => ({
    level,
    lower: yHat - multiple * volatility,
    upper: yHat + multiple * volatility,
  }));
}

/** What a reader must know about intervals that rest on too few scores; undefined where they don't. */
export function intervalNote({ horizon, nScores }: IntervalCalibration): string | undefined {
  const short = INTERVAL_LEVELS.filter((level) => nScores < scoresNeeded(level) * horizon);
  if (short.length === 0) return undefined;
  const levels = short.map((level) => `${level * 100}%`).join(' and ');
  const needed = scoresNeeded(short.at(-1)!) * horizon;
  const past = nScores === 1 ? '1 past forecast' : `${nScores} past forecasts`;
  return `The ${levels} interval${short.length === 1 ? ' is' : 's are'} wide on purpose: ${past} could be scored, ${needed} are needed.`;
}

/** Collects the intervals of each row into series, learning in between what has matured. */
export function intervalSeries(
  forecasts: ScoredForecasts,
  learn: (row: number) => void,
  intervalsOf: (row: number) => readonly Interval[],
): IntervalSeries[] {
  const nRows = forecasts.y.length;
  const series = INTERVAL_LEVELS.map((level) => ({
    level,
    lower: new Float64Array(nRows),
    upper: new Float64Array(nRows),
  }));
  prequentially(forecasts, learn, (row) => {
    intervalsOf(row).forEach(({ lower, upper }, i) => {
      series[i]!.lower[row] = lower;
      series[i]!.upper[row] = upper;
    });
  });
  return series;
}

function scoreOf({ y, yHat, volatility }: ScoredForecasts, row: number): number {
  return Math.abs(y[row]! - yHat[row]!) / volatility[row]!;
}

function calibrationFrom({ sorted }: ScoreWindow, horizon: Horizon): IntervalCalibration {
  const multiples = INTERVAL_LEVELS.map((level) => ({
    level,
    multiple: conformalQuantile(sorted, level, horizon) ?? Math.max(FEW_SCORES_MULTIPLE[level], sorted.at(-1) ?? 0),
  }));
  return { horizon, nScores: sorted.length, multiples };
}
