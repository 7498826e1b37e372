import type { ScoredForecasts } from '../models/intervals/score-window.ts';
import { VOLATILITY_WARM_UP, forecastVolatility } from '../models/intervals/volatility.ts';
import { seededRandom } from '../models/random.ts';

/** The forecast "no change" at every bar with a volatility and an outcome, bars being consecutive sessions. */
export function naiveForecasts(adjustedClose: Float64Array, horizon: number): ScoredForecasts {
  const bars = Int32Array.from(adjustedClose.keys()).slice(VOLATILITY_WARM_UP, -horizon);
  const volatility = forecastVolatility(adjustedClose, horizon);
  return {
    horizon,
    ordinals: bars,
    y: Float64Array.from(bars, (t) => Math.log(adjustedClose[t + horizon]! / adjustedClose[t]!)),
    yHat: new Float64Array(bars.length),
    volatility: Float64Array.from(bars, (t) => volatility[t]!),
  };
}

/** Prices whose daily returns are normal with a GARCH(1,1) variance, 1.7% a day on average. */
export function garchPrices(seed: number, nBars: number): Float64Array {
  const random = seededRandom(seed);
  const prices = new Float64Array(nBars).fill(100);
  let variance = 3e-4;
  for (let t = 1; t < nBars; t++) {
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    const r = Math.sqrt(variance) * normal;
    prices[t] = prices[t - 1]! * Math.exp(r);
    variance = 9e-6 + 0.08 * r * r + 0.89 * variance;
  }
  return prices;
}
