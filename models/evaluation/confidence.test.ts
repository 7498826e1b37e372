import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../domain/evaluation.ts';
import { confidenceOf, directionCalibration } from './confidence.ts';

/** Residuals spread evenly from `low` to `high`. */
const evaluated = (nForecasts: number, low = -1, high = 1): Evaluation => {
  const none = { rmse: 1, mae: 1 };
  return {
    nForecasts,
    nFolds: 5,
    firstOrigin: '2001-01-02',
    lastOrigin: '2002-01-02',
    model: none,
    naive: none,
    drift: none,
    rmseRatioToNaive: 1,
    rmseRatioToDrift: 1,
    directionalAccuracy: 0.5,
    alwaysUpAccuracy: 0.5,
    residualQuantiles: Array.from({ length: 101 }, (_, q) => low + ((high - low) * q) / 100),
    directionCalibration: 1,
    notes: [],
  };
};

describe('confidence', () => {
  it('is the share of residuals that leave the sign as forecast, once many forecasts stand behind it', () => {
    expect(confidenceOf(0.5, evaluated(1e9), 1)).toBeCloseTo(0.75, 6);
    expect(confidenceOf(-0.5, evaluated(1e9), 1)).toBeCloseTo(0.75, 6);
    expect(confidenceOf(0.254, evaluated(1e9), 1)).toBeCloseTo(0.627, 6);
  });

  it('is one half for a neutral forecast, and never less', () => {
    expect(confidenceOf(0, evaluated(3000), 1)).toBe(0.5);
    expect(confidenceOf(0.1, evaluated(3000, -1, 0.2), 1)).toBe(0.5);
    expect(
      confidenceOf(0.01, { ...evaluated(3000), residualQuantiles: Array.from({ length: 101 }, () => -0.01) }, 1),
    ).toBe(0.5);
  });

  it('is held back by few forecasts, and by overlapping ones', () => {
    const [many, few] = [evaluated(2000), evaluated(20)];
    expect(confidenceOf(0.5, few, 1)).toBeCloseTo((0.75 * 20 + 10) / 40, 12);
    expect(confidenceOf(0.5, many, 100)).toBe(confidenceOf(0.5, few, 1));
    expect(confidenceOf(0.5, few, 10)).toBeLessThan(confidenceOf(0.5, few, 1));
  });

  it('promises no more than what the same model kept out of sample', () => {
    expect(confidenceOf(0.5, { ...evaluated(1e9), directionCalibration: 0.4 }, 1)).toBeCloseTo(0.6, 6);
    expect(confidenceOf(0.5, { ...evaluated(1e9), directionCalibration: 0 }, 1)).toBe(0.5);
  });

  it('grows with the forecast, stays in [0.5, 1), and is the same for up and down under even residuals', () => {
    const residuals = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 101, maxLength: 101 });
    const size = fc.double({ min: 0, max: 2, noNaN: true });
    fc.assert(
      fc.property(residuals, size, size, (values, a, b) => {
        const evaluation = { ...evaluated(500), residualQuantiles: [...values].sort((x, y) => x - y) };
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((yHat) => confidenceOf(yHat, evaluation, 1));
        expect(low).toBeGreaterThanOrEqual(0.5);
        expect(high).toBeLessThan(1);
        expect(high! - low!).toBeGreaterThanOrEqual(-1e-12);
        const mirrored = { ...evaluation, residualQuantiles: evaluation.residualQuantiles.map((r) => -r).reverse() };
        expect(confidenceOf(-b, mirrored, 1)).toBeCloseTo(confidenceOf(b, evaluation, 1), 12);
      }),
      { seed: 1 },
    );
  });
});

describe('direction calibration', () => {
  const { residualQuantiles } = evaluated(1);
  // Of four forecasts with p = 0.75, three right ones are what was promised.
  const forecasts = Float64Array.of(0.5, 0.5, -0.5, -0.5);

  it('is 1 where directions were right as often as promised or more, and 0 where no more than by chance', () => {
    const calibration = (...y: number[]) => directionCalibration(Float64Array.from(y), forecasts, residualQuantiles);
    expect(calibration(1, 1, -1, 1)).toBeCloseTo(1, 12);
    expect(calibration(1, 1, -1, -1)).toBe(1);
    expect(calibration(1, -1, -1, 1)).toBe(0);
    expect(calibration(-1, -1, 1, 1)).toBe(0);
    expect(calibration(1, 1, -1, 0)).toBe(1);
    expect(calibration(1, 0, -1, 1)).toBeCloseTo(0.5, 12);
  });

  it('is 0 where all forecasts are neutral', () => {
    expect(directionCalibration(Float64Array.of(1, -1), new Float64Array(2), residualQuantiles)).toBe(0);
  });
});
