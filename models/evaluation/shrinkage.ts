import type { RawForecasts } from './raw-forecasts.ts';

/** A kind's walk-forward forecasts of one ticker, each with the factor that it is held back by. */
export interface ShrunkForecasts extends RawForecasts {
  readonly shrinkage: Float64Array;
  /** The factor for a forecast made when all of these have matured. */
  readonly finalShrinkage: number;
  /** An ensemble's weights for a forecast made when all of these have matured, in its members' order. */
  readonly weights?: readonly number[];
}

/** Holds each forecast back by what those before it were worth; baselines' are left as they are. */
export function shrunk(
  panel: readonly RawForecasts[],
  horizon: number,
  role: 'baseline' | 'candidate',
): ShrunkForecasts[] {
  if (role === 'baseline') {
    return panel.map((series) => ({
      ...series,
      shrinkage: new Float64Array(series.raw.length).fill(1),
      finalShrinkage: 1,
    }));
  }
  const { factors, final } = prequentialShrinkage(panel, horizon);
  return panel.map((series, i) => ({ ...series, shrinkage: factors[i]!, finalShrinkage: final }));
}

/**
 * The shrinkage factor of each forecast, from what the forecasts before it that had matured by then were worth: with
 * f = forecast / volatility and z = outcome / volatility of those, b = sum(f z) / sum(f f) the slope of a line through
 * the origin and t = b / se(b),
 *
 *     factor = min(1, b) t^2 / (1 + t^2)   for b > 0, otherwise 0
 *
 * so a kind that never showed any skill forecasts nothing, one whose skill is uncertain is held back, and a surely
 * useful one is left as it is. The standard error is that of a forecast without skill, sqrt(mean(z z) / sum(f f)), with
 * overlapping forecasts, and those of several tickers on one day, counted as one. A panel of several tickers shares the evidence.
 *
 * The factor at t uses outcomes known at the close of t. Source: the slope is Mincer and Zarnowitz, "The Evaluation of
 * Economic Forecasts" (1969); the second factor the empirical-Bayes weight of a normal mean whose prior variance is b^2.
 *
 * @returns a factor per forecast of each series, and the one for a forecast made when all of these have matured
 */
export function prequentialShrinkage(
  panel: readonly RawForecasts[],
  horizon: number,
): { readonly factors: readonly Float64Array[]; readonly final: number } {
  const evidence = { ff: 0, fz: 0, zz: 0, n: 0, days: 0, lastDay: Number.NaN };
  const matured = panel.flatMap((series, ticker) =>
    Array.from(series.ordinals, (ordinal, row) => ({ ordinal, ticker, row })),
  );
  matured.sort((a, b) => a.ordinal - b.ordinal || a.ticker - b.ticker);
  const factors = panel.map(({ raw }) => new Float64Array(raw.length));
  let next = 0;
  const learnUpTo = (ordinal: number) => {
    for (; next < matured.length && matured[next]!.ordinal <= ordinal; next++) {
      const { ticker, row, ordinal: day } = matured[next]!;
      const { raw, y, volatility } = panel[ticker]!;
      const f = raw[row]! / volatility[row]!;
      const z = y[row]! / volatility[row]!;
      evidence.ff += f * f;
      evidence.fz += f * z;
      evidence.zz += z * z;
      evidence.n++;
      if (day !== evidence.lastDay) evidence.days++;
      evidence.lastDay = day;
    }
  };
  for (const { ordinal, ticker, row } of matured) {
    learnUpTo(ordinal - horizon);
    factors[ticker]![row] = factorOf(evidence, horizon);
  }
  learnUpTo(Number.POSITIVE_INFINITY);
  return { factors, final: factorOf(evidence, horizon) };
}

function factorOf(evidence: { ff: number; fz: number; zz: number; n: number; days: number }, horizon: number): number {
  const { ff, fz, zz, n, days } = evidence;
  if (ff === 0 || fz <= 0) return 0;
  const slope = fz / ff;
  const squaredError = (zz / n / ff) * horizon * (n / days);
  const t2 = (slope * slope) / squaredError;
  return (Math.min(1, slope) * t2) / (1 + t2);
}
