import type { Horizon } from '../../domain/horizon.ts';
import type { IntervalLevel } from '../../domain/calibration.ts';

/** Forecasts and what came of them, ascending by session: what calibration learns from. Equally long, all finite. */
export interface ScoredForecasts {
  /** The exchange's count of the sessions forecast from. */
  readonly ordinals: Int32Array;
  /** What happened: the log total return over the horizon. */
  readonly y: Float64Array;
  readonly yHat: Float64Array;
  /** Forecast volatility of `y` (`forecastVolatility`), positive. */
  readonly volatility: Float64Array;
  readonly horizon: Horizon;
}

/** The last `length` scores, sorted; adding one to a full window drops the oldest. Scores must not be NaN. */
export class ScoreWindow {
  readonly #length: number;
  readonly #byAge: number[] = [];
  readonly #sorted: number[] = [];
  #nDropped = 0;

  constructor(length = Number.POSITIVE_INFINITY) {
    this.#length = length;
  }

  /** The scores in the window, ascending. */
  get sorted(): readonly number[] {
    return this.#sorted;
  }

  add(score: number): void {
    this.#byAge.push(score);
    this.#sorted.splice(rankIn(this.#sorted, score), 0, score);
    if (this.#sorted.length > this.#length) {
      this.#sorted.splice(rankIn(this.#sorted, this.#byAge[this.#nDropped]!), 1);
      this.#nDropped++;
    }
  }
}

/** How many of ascending values are less than `value`. */
export function rankIn(sorted: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Goes through forecasts in the order of what was known when: before `judge` is called for a row, `learn` has been for
 * every row whose target had matured by the close of its session, ordinal + horizon <= its ordinal, and for no other.
 */
export function prequentially(
  { ordinals, horizon }: Pick<ScoredForecasts, 'ordinals' | 'horizon'>,
  learn: (row: number) => void,
  judge: (row: number) => void,
): void {
  let matured = 0;
  for (let row = 0; row < ordinals.length; row++) {
    for (; ordinals[matured]! + horizon <= ordinals[row]!; matured++) learn(matured);
    judge(row);
  }
}

/**
 * Independent scores without which no interval of a level can be had from scores alone: with fewer, even the largest is
 * exceeded more often. 4 for 80%, 19 for 95%.
 */
export function scoresNeeded(level: IntervalLevel): number {
  return Math.ceil(level / (1 - level) - ROUNDING);
}

/**
 * The score that the next one stays at or below with a probability of at least `level`, were they exchangeable: the
 * ceil((n + 1) level)th smallest. Undefined where n / horizon is below `scoresNeeded`, as scores of overlapping targets are so many
 * independent ones.
 * Source: Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, "Distribution-Free Predictive Inference for Regression"
 * (2018), 2.2.
 *
 * @param sorted scores, ascending
 */
export function conformalQuantile(
  sorted: readonly number[],
  level: IntervalLevel,
  horizon: Horizon,
): number | undefined {
  if (sorted.length < scoresNeeded(level) * horizon) return undefined;
  return sorted[Math.ceil((sorted.length + 1) * level - ROUNDING) - 1];
}

/** Keeps products that are whole numbers in exact arithmetic from being rounded up to the next. */
const ROUNDING = 1e-9;
