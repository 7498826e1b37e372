import { describe, expect, it } from 'vitest';
import { buildFeatures } from '../../models/features/build-features.ts';
import { simulatedUniverse } from './simulated-universe.ts';

const walk = { seed: 3, nTickers: 4, nSessions: 20_000, signalR2: 0 };
const returnsOf = (prices: Float64Array) => prices.slice(1).map((price, i) => Math.log(price / prices[i]!));
const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

function correlation(a: Float64Array, b: Float64Array): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (x: Float64Array, y: Float64Array, mx: number, my: number) =>
    mean(x.map((value, i) => (value - mx) * (y[i]! - my)));
  return product(a, b, meanA, meanB) / Math.sqrt(product(a, a, meanA, meanA) * product(b, b, meanB, meanB));
}

/** Sum of products of what was known with the next outcome's sign, over its standard deviation if that is a coin. */
function standardScore(known: Float64Array, next: Float64Array): number {
  const centre = mean(known);
  const keepsMean = new Set(known).size === 1;
  const weights = known.map((value) => (keepsMean ? value : value - centre));
  const sum = weights.reduce((total, weight, i) => total + weight * Math.sign(next[i]!), 0);
  return sum / Math.sqrt(weights.reduce((total, weight) => total + weight * weight, 0));
}
const autocorrelation = (values: Float64Array, lag: number) =>
  correlation(values.slice(lag), values.slice(0, values.length - lag));

const tickers = simulatedUniverse(walk);
const returns = tickers.map(({ close }) => returnsOf(close));

describe('a simulated random walk', () => {
  it('is the same for the same seed, and another for another', () => {
    const small = { ...walk, nSessions: 50 };
    expect(simulatedUniverse(small)).toEqual(simulatedUniverse(small));
    expect(simulatedUniverse({ ...small, seed: 4 })[0]!.close).not.toEqual(simulatedUniverse(small)[0]!.close);
  });

  it('has returns of about 2% a day whose direction follows from none before', () => {
    for (const r of returns) {
      const deviation = Math.sqrt(mean(r.map((value) => value * value)));
      expect(deviation).toBeGreaterThan(0.017);
      expect(deviation).toBeLessThan(0.024);
      expect(
        Math.abs(
          standardScore(
            r.map(() => 1),
            r,
          ),
        ),
      ).toBeLessThan(3.5);
      for (const lag of [1, 2, 5, 10]) {
        expect(Math.abs(standardScore(r.slice(0, r.length - lag), r.slice(lag)))).toBeLessThan(3.5);
      }
    }
  });

  it('has volatility that clusters and fades', () => {
    const clustering = (lag: number) =>
      returns.map((r) => autocorrelation(r.map(Math.abs), lag)).reduce((sum, each) => sum + each, 0) / returns.length;
    expect(clustering(1)).toBeGreaterThan(0.15);
    expect(clustering(20)).toBeGreaterThan(0.08);
    expect(clustering(20)).toBeLessThan(clustering(1));
    expect(clustering(250)).toBeLessThan(0.03);
  });

  it('has fat tails', () => {
    for (const r of returns) {
      const variance = mean(r.map((value) => value ** 2));
      expect(mean(r.map((value) => value ** 4)) / variance ** 2).toBeGreaterThan(5);
    }
  });

  it('has tickers that share some of their moves', () => {
    for (const other of returns.slice(1)) {
      expect(correlation(returns[0]!, other)).toBeGreaterThan(0.2);
      expect(correlation(returns[0]!, other)).toBeLessThan(0.4);
    }
  });

  it('has prices and volumes from which every feature follows, none of which tells the next return', () => {
    for (const [i, series] of tickers.entries()) {
      const { X, names } = buildFeatures(series);
      const next = returns[i]!.slice(series.close.length - X.nRows);
      for (const column of names.keys()) {
        const feature = Float64Array.from({ length: X.nRows - 1 }, (_, row) => X.values[row * X.nColumns + column]!);
        expect(feature.every(Number.isFinite)).toBe(true);
        expect(new Set(feature).size).toBeGreaterThan(1000);
        expect(Math.abs(standardScore(feature, next)), `${names[column]}`).toBeLessThan(3.5);
      }
      const { open, high, low, close } = series;
      expect(high.every((price, day) => price >= Math.max(open[day]!, close[day]!))).toBe(true);
      expect(low.every((price, day) => price <= Math.min(open[day]!, close[day]!) && price > 0)).toBe(true);
    }
  });
});

describe('a planted signal', () => {
  it.each([0.005, 0.01, 0.02])('explains %d of the variance of the next return, and no more', (signalR2) => {
    const planted = simulatedUniverse({ ...walk, signalR2 }).map(({ close }) => returnsOf(close));
    const phi = Math.sqrt(signalR2);
    let left = 0;
    let all = 0;
    for (const r of planted) {
      for (let t = 1; t < r.length; t++) {
        left += (r[t]! - phi * r[t - 1]!) ** 2;
        all += r[t]! ** 2;
      }
    }
    expect(1 - left / all).toBeGreaterThan(signalR2 - 0.0025);
    expect(1 - left / all).toBeLessThan(signalR2 + 0.0025);
    const first = planted.map((r) => autocorrelation(r, 1)).reduce((sum, each) => sum + each, 0) / planted.length;
    expect(Math.abs(first - phi)).toBeLessThan(0.015);
  });
});
