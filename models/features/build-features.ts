import type { AdjustedSeries } from '../../domain/bar.ts';
import { FEATURE_NAMES, FEATURE_SET, type FeatureMatrix, WARM_UP } from './feature-matrix.ts';
import { relativeStrength } from './relative-strength.ts';

const RSI_PERIOD = 14;

/**
 * Builds one row of features per bar from the `WARM_UP`th on (none when there are fewer); training and serving both
 * call this. With C the total-return price, V the split-adjusted volume, O, H, L the session's own as traded:
 *
 * - `return` log(C(t) / C(t-1)), and `return_lag_k` the same k bars earlier
 * - `volume_change` log((V(t) + 1) / (V(t-1) + 1)), so that a session without trades stays finite
 * - `high_low` log(H / L), `close_open` log(close / O)
 * - `close_to_maN` C(t) / mean(C(t-N+1..t)) - 1
 * - `rsi14` Wilder's index in [0, 1]
 *
 * "Earlier" counts bars, not sessions: where sessions are missing, a return spans the gap. Row t uses bars up to t.
 */
export function buildFeatures(series: AdjustedSeries): FeatureMatrix {
  const { adjustedClose, adjustedVolume, open, high, low, close } = series;
  const nRows = Math.max(0, series.dates.length - WARM_UP);
  const nColumns = FEATURE_NAMES.length;
  const values = new Float64Array(nRows * nColumns);
  const returns = logReturns(adjustedClose);
  const rsi = relativeStrength(adjustedClose, RSI_PERIOD);

  let cell = 0;
  for (let t = WARM_UP; t < series.dates.length; t++) {
    for (let lag = 0; lag <= 5; lag++) values[cell++] = returns[t - lag]!;
    values[cell++] = Math.log((adjustedVolume[t]! + 1) / (adjustedVolume[t - 1]! + 1));
    values[cell++] = Math.log(high[t]! / low[t]!);
    values[cell++] = Math.log(close[t]! / open[t]!);
    values[cell++] = adjustedClose[t]! / trailingMean(adjustedClose, t, 5) - 1;
    values[cell++] = adjustedClose[t]! / trailingMean(adjustedClose, t, 20) - 1;
    values[cell++] = rsi[t]!;
  }
  return {
    ticker: series.ticker,
    featureSet: FEATURE_SET,
    names: FEATURE_NAMES,
    dates: series.dates.slice(WARM_UP),
    X: { nRows, nColumns, values },
    adjustedClose: adjustedClose.slice(WARM_UP),
  };
}

function logReturns(prices: Float64Array): Float64Array {
  const returns = new Float64Array(prices.length);
  for (let t = 1; t < prices.length; t++) returns[t] = Math.log(prices[t]! / prices[t - 1]!);
  return returns;
}

// Summed afresh for each row: a running sum would carry rounding errors of prices long gone.
function trailingMean(prices: Float64Array, t: number, length: number): number {
  let sum = 0;
  for (let i = t - length + 1; i <= t; i++) sum += prices[i]!;
  return sum / length;
}
