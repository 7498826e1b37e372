import type { ForecastErrors } from '../../domain/evaluation.ts';

/** Largest ratio that is told apart: where the baseline made no error at all, any error is this many times worse. */
export const MAX_RATIO = 1e6;

/** Root mean squared and mean absolute error of `yHat` for `y`, equally long and not empty. */
export function forecastErrors(y: Float64Array, yHat: Float64Array): ForecastErrors {
  let squares = 0;
  let absolutes = 0;
  for (let i = 0; i < y.length; i++) {
    const residual = y[i]! - yHat[i]!;
    squares += residual * residual;
    absolutes += Math.abs(residual);
  }
  return { rmse: Math.sqrt(squares / y.length), mae: absolutes / y.length };
}

/** `loss` over `baseline`, at most `MAX_RATIO`; 1 where both are zero. */
export function lossRatio(loss: number, baseline: number): number {
  if (loss === baseline) return 1;
  return Math.min(loss / baseline, MAX_RATIO);
}

/** Share of forecasts whose sign was right, from 0 to 1; neutral forecasts and zero outcomes count as half. */
export function directionalAccuracy(y: Float64Array, yHat: Float64Array): number {
  let right = 0;
  for (let i = 0; i < y.length; i++) {
    const product = Math.sign(y[i]!) * Math.sign(yHat[i]!);
    right += product > 0 ? 1 : product === 0 ? 0.5 : 0;
  }
  return right / y.length;
}

/** The values at `count` evenly spaced quantiles from 0 to 1, interpolated linearly between order statistics. */
export function quantiles(values: Float64Array, count: number): number[] {
  const sorted = values.slice().sort();
  const last = sorted.length - 1;
  return Array.from({ length: count }, (_, q) => {
    const position = (q / (count - 1)) * last;
    const below = Math.floor(position);
    const low = sorted[below]!;
    const high = sorted[Math.min(below + 1, last)]!;
    return low + (high - low) * (position - below);
  });
}
