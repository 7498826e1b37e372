/** Coefficient of determination of forecasts `yHat` `[n]` for `y` `[n]`: 1 is perfect, 0 what the mean of `y` reaches. */
export function rSquared(y: Float64Array, yHat: Float64Array): number {
  const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
  const residual = y.reduce((sum, value, i) => sum + (value - yHat[i]!) ** 2, 0);
  return 1 - residual / y.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}
