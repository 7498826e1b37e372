import { describe, expect, it } from 'vitest';
import { sampleSeries } from '../../tests/sample-series.ts';
import { VOLATILITY_FLOOR, VOLATILITY_WARM_UP, ewmaVolatility, forecastVolatility } from './volatility.ts';

/** Prices from 100 on with these log returns. */
const pricesOf = (returns: readonly number[]) => {
  let price = 100;
  return Float64Array.from([0, ...returns], (r) => (price *= Math.exp(r)));
};
const constantReturns = (n: number, r: number) => pricesOf(new Array<number>(n).fill(r));
const { adjustedClose } = sampleSeries('AAPL');
const returns = Array.from(adjustedClose, (price, t) => (t === 0 ? 0 : Math.log(price / adjustedClose[t - 1]!)));

const both: readonly [string, (prices: Float64Array) => Float64Array][] = [
  ['exponentially weighted volatility', ewmaVolatility],
  ['forecast volatility', (prices) => forecastVolatility(prices, 10)],
];

describe.each(both)('%s', (_name, volatilityOf) => {
  it('has one value per bar, NaN during the warm-up and positive from there', () => {
    expect(VOLATILITY_WARM_UP).toBe(10);
    const volatility = volatilityOf(adjustedClose);
    expect(volatility).toHaveLength(adjustedClose.length);
    expect(volatility.subarray(0, 10).every(Number.isNaN)).toBe(true);
    expect(volatility.subarray(10).every((value) => value > 0 && value < 1)).toBe(true);
    for (const length of [0, 1, 10]) {
      const short = volatilityOf(adjustedClose.slice(0, length));
      expect(short).toHaveLength(length);
      expect(short.every(Number.isNaN)).toBe(true);
    }
    expect(volatilityOf(adjustedClose.slice(0, 11))[10]).toBe(volatility[10]);
  });

  it('knows nothing of the future', () => {
    const perturbed = adjustedClose.map((price, t) => (t > 1500 ? price * (1.5 + Math.sin(t)) : price));
    const [before, after] = [volatilityOf(adjustedClose), volatilityOf(perturbed)];
    expect(after.slice(0, 1501)).toEqual(before.slice(0, 1501));
    expect(after[1501]).not.toBe(before[1501]);
  });

  it('leaves prices unchanged', () => {
    const prices = adjustedClose.slice();
    volatilityOf(prices);
    expect(prices).toEqual(adjustedClose);
  });
});

describe('exponentially weighted volatility', () => {
  it('is the size of returns that never change, up or down', () => {
    for (const r of [0.01, -0.01]) {
      const volatility = ewmaVolatility(constantReturns(40, r));
      expect(volatility[10]).toBeCloseTo(0.01, 12);
      expect(volatility[40]).toBeCloseTo(0.01, 12);
    }
  });

  it('weighs each squared return 0.94 times the one after it', () => {
    const volatility = ewmaVolatility(adjustedClose);
    for (const t of [10, 11, 400, 3000]) {
      let squares = 0;
      let weights = 0;
      for (let i = 1; i <= t; i++) {
        squares += 0.94 ** (t - i) * returns[i]! ** 2;
        weights += 0.94 ** (t - i);
      }
      expect(volatility[t]).toBeCloseTo(Math.sqrt(squares / weights), 12);
    }
  });

  it('never falls below its floor', () => {
    expect(VOLATILITY_FLOOR).toBe(1e-4);
    expect(ewmaVolatility(constantReturns(20, 0))[20]).toBeCloseTo(VOLATILITY_FLOOR, 15);
    expect(ewmaVolatility(constantReturns(20, 0.5e-4))[20]).toBeCloseTo(VOLATILITY_FLOOR, 15);
    expect(ewmaVolatility(constantReturns(20, 2e-4))[20]).toBeCloseTo(2e-4, 12);
  });
});

describe('forecast volatility', () => {
  it('has the values worked out by hand at the first bar', () => {
    // L = e = 1e-4; after a rise the variance is (0.03 + 0.03 + 0.91) L, after a fall (0.03 + 0.09 + 0.91) L.
    const excess10 = (1 - 0.97 ** 10) / 0.03;
    for (const [r, excess] of [
      [0.01, -0.03e-4],
      [-0.01, 0.03e-4],
    ] as const) {
      const prices = constantReturns(10, r);
      expect(forecastVolatility(prices, 1)[10]).toBeCloseTo(((1e-4 + excess) * 1e-4) ** 0.25, 10);
      expect(forecastVolatility(prices, 10)[10]).toBeCloseTo(((10e-4 + excess * excess10) * 10e-4) ** 0.25, 10);
    }
  });

  it('is the recipe, bar by bar, with the long-run variance of the last 1008 returns', () => {
    const meanSquare = (from: number, to: number) =>
      returns.slice(from, to + 1).reduce((sum, r) => sum + r * r, 0) / (to + 1 - from);
    const horizon = 5;
    const forecast = forecastVolatility(adjustedClose, horizon);
    const ewma = ewmaVolatility(adjustedClose);
    let variance = meanSquare(1, 10);
    let largestError = 0;
    for (let t = 10; t < 1100; t++) {
      const longRun = meanSquare(Math.max(1, t - 1007), t);
      const r = returns[t]!;
      variance = 0.03 * longRun + (r < 0 ? 0.09 : 0.03) * r * r + 0.91 * variance;
      let reverting = 0;
      for (let k = 0; k < horizon; k++) reverting += longRun + 0.97 ** k * (variance - longRun);
      const recipe = (reverting * horizon * ewma[t]! ** 2) ** 0.25;
      largestError = Math.max(largestError, Math.abs(forecast[t]! - recipe));
    }
    expect(largestError).toBeLessThan(1e-10);
  });

  it('stays positive where prices never moved, and where they stopped', () => {
    const still = forecastVolatility(constantReturns(2000, 0), 10);
    expect(still[10]).toBeCloseTo(VOLATILITY_FLOOR * Math.sqrt(10), 5);
    expect(still[2000]).toBeGreaterThan(VOLATILITY_FLOOR);
    const stopped = forecastVolatility(pricesOf([...returns.slice(1, 100), ...new Array<number>(2000).fill(0)]), 1);
    expect(stopped.at(-1)).toBeGreaterThan(VOLATILITY_FLOOR / 2);
    expect(stopped.at(-1)).toBeLessThan(VOLATILITY_FLOOR);
  });
});
