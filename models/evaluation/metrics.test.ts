import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { directionalAccuracy, forecastErrors, lossRatio, MAX_RATIO, quantiles } from './metrics.ts';

interface Oracle {
  readonly y: number[];
  readonly yHat: number[];
  readonly expected: { rmse: number; mae: number; directionalAccuracy: number; residualQuantiles: number[] };
}
const oracle: Oracle = JSON.parse(
  readFileSync(new URL('../../tests/oracles/metrics/metrics.json', import.meta.url), 'utf8'),
);

describe('metrics', () => {
  it('equal those of scikit-learn and numpy, to 1e-14', () => {
    const y = Float64Array.from(oracle.y);
    const yHat = Float64Array.from(oracle.yHat);
    const { expected } = oracle;
    const errors = forecastErrors(y, yHat);
    expect(Math.abs(errors.rmse - expected.rmse)).toBeLessThan(1e-14);
    expect(Math.abs(errors.mae - expected.mae)).toBeLessThan(1e-14);
    expect(Math.abs(directionalAccuracy(y, yHat) - expected.directionalAccuracy)).toBeLessThan(1e-14);
    const residuals = y.map((value, i) => value - yHat[i]!);
    quantiles(residuals, 101).forEach((value, q) => {
      expect(Math.abs(value - expected.residualQuantiles[q]!)).toBeLessThan(1e-14);
    });
  });

  it('are what one computes by hand', () => {
    const errors = forecastErrors(Float64Array.of(3, 0), Float64Array.of(0, 4));
    expect(errors).toEqual({ rmse: Math.sqrt(12.5), mae: 3.5 });
    expect(quantiles(Float64Array.of(4, 1, 2), 5)).toEqual([1, 1.5, 2, 3, 4]);
    expect(quantiles(Float64Array.of(7), 3)).toEqual([7, 7, 7]);
  });

  it('leave values in their order', () => {
    const values = Float64Array.of(4, 1, 2);
    quantiles(values, 3);
    expect([...values]).toEqual([4, 1, 2]);
  });

  it('count a neutral forecast and a zero outcome as half right', () => {
    expect(directionalAccuracy(Float64Array.of(1, -1, 1, 0, 1), Float64Array.of(2, 2, 0, 1, -0.1))).toBe(2 / 5);
  });

  it('compare losses without infinities', () => {
    expect(lossRatio(0.03, 0.02)).toBe(1.5);
    expect(lossRatio(0, 0)).toBe(1);
    expect(lossRatio(0.1, 0)).toBe(MAX_RATIO);
  });
});
