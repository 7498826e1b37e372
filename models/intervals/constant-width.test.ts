import { describe, expect, it } from 'vitest';
import { naiveForecasts } from '../../tests/naive-forecasts.ts';
import { sampleSeries } from '../../tests/sample-series.ts';
import { RESIDUAL_WINDOW, constantWidthIntervals } from './constant-width.ts';

const { adjustedClose } = sampleSeries('IBM');

describe('constant-width intervals', () => {
  it('reach as far to both sides as the conformal quantile of the residuals known then', () => {
    const n = 42;
    const residuals = Float64Array.from({ length: n }, (_, i) => (((i * 5) % 39) + 1) * (i % 2 === 0 ? 1 : -1));
    const yHat = new Float64Array(n).fill(3);
    const [narrow, wide] = constantWidthIntervals({
      horizon: 1,
      ordinals: Int32Array.from(yHat.keys()),
      y: residuals.map((residual) => 3 + residual),
      yHat,
      volatility: new Float64Array(n).fill(0.5),
    });
    // After 39 rows every residual from 1 to 39 has been seen once.
    expect([narrow!.level, narrow!.lower[39], narrow!.upper[39]]).toEqual([0.8, 3 - 32, 3 + 32]);
    expect([wide!.level, wide!.lower[39], wide!.upper[39]]).toEqual([0.95, 3 - 38, 3 + 38]);
  });

  it('take their width from the volatility while residuals are too few, or from the largest of these', () => {
    const [narrow, wide] = constantWidthIntervals({
      horizon: 1,
      ordinals: Int32Array.of(0, 1, 2, 3, 4),
      y: Float64Array.of(0.1, -0.1, -4, 0.1, 0.1),
      yHat: new Float64Array(5),
      volatility: Float64Array.of(1, 2, 1, 1, 3),
    });
    expect([...narrow!.upper]).toEqual([1.638, 2 * 1.638, 1.638, 4, 4]);
    expect([...wide!.upper]).toEqual([3.182, 2 * 3.182, 3.182, 4, 3 * 3.182]);
    expect(wide!.lower).toEqual(wide!.upper.map((upper) => -upper));
  });

  it('rest on the last 252 residuals, whatever the volatility', () => {
    expect(RESIDUAL_WINDOW).toBe(252);
    const n = 700;
    const y = Float64Array.from({ length: n }, (_, i) => (i < 300 ? 0.09 : 0.01));
    const [, wide] = constantWidthIntervals({
      horizon: 1,
      ordinals: Int32Array.from(y.keys()),
      y,
      yHat: new Float64Array(n),
      volatility: Float64Array.from({ length: n }, (_, i) => 0.001 * (1 + (i % 7))),
    });
    // 240 of 252 small residuals are needed for the quantile, the 241st smallest, to be still large; 241 for it not to be.
    expect(wide!.upper[540]).toBe(0.09);
    expect(wide!.upper[541]).toBe(0.01);
    expect(wide!.upper[699]).toBe(0.01);
  });

  it('know nothing of outcomes that had not matured', () => {
    const horizon = 10;
    const forecasts = naiveForecasts(adjustedClose, horizon);
    const t = 800;
    const y = forecasts.y.map((outcome, row) => (row > t - horizon ? outcome + 1 : outcome));
    const [before, after] = [constantWidthIntervals(forecasts), constantWidthIntervals({ ...forecasts, y })];
    before.forEach(({ upper }, i) => expect(after[i]!.upper.slice(0, t + 1)).toEqual(upper.slice(0, t + 1)));
    expect(after[1]!.upper[t + 1]).not.toBe(before[1]!.upper[t + 1]);
  });
});
