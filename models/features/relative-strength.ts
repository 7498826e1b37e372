/**
 * Wilder's relative strength index as a fraction: average gain / (average gain + average loss), each average smoothed
 * by a(t) = (a(t-1) x (period - 1) + move(t)) / period and started with the plain mean of the first `period` moves.
 * 0.5 where nothing has moved; NaN before `period` moves are known. The value at t uses prices up to t.
 * Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978), section VI.
 */
export function relativeStrength(prices: Float64Array, period: number): Float64Array {
  const rsi = new Float64Array(prices.length).fill(Number.NaN);
  let gain = 0;
  let loss = 0;
  for (let t = 1; t < prices.length; t++) {
    const move = prices[t]! - prices[t - 1]!;
    const up = move > 0 ? move : 0;
    const down = move < 0 ? -move : 0;
    if (t <= period) {
      gain += up / period;
      loss += down / period;
    } else {
      gain = (gain * (period - 1) + up) / period;
      loss = (loss * (period - 1) + down) / period;
    }
    if (t >= period) rsi[t] = gain + loss > 0 ? gain / (gain + loss) : 0.5;
  }
  return rsi;
}
