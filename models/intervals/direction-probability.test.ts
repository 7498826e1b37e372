import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { garchPrices, naiveForecasts } from '../../tests/naive-forecasts.ts';
import { sampleSeries } from '../../tests/sample-series.ts';
import { seededRandom } from '../random.ts';
import {
  type DirectionCalibration,
  calibrateDirection,
  directionProbabilities,
  directionProbabilityAround,
} from './direction-probability.ts';
import type { ScoredForecasts } from './score-window.ts';

/** Scores spread evenly from `low` to `high`, all promises kept. */
const calibrated = (nScores: number, low = -1, high = 1, horizon = 1): DirectionCalibration => ({
  horizon,
  nScores,
  scoreQuantiles: Array.from({ length: 101 }, (_, q) => low + ((high - low) * q) / 100),
  kept: 1,
});

/** One forecast a session with volatility 1. */
const forecastsOf = (y: readonly number[], yHat: readonly number[], horizon = 1): ScoredForecasts => ({
  horizon,
  ordinals: Int32Array.from(y.keys()),
  y: Float64Array.from(y),
  yHat: Float64Array.from(yHat),
  volatility: new Float64Array(y.length).fill(1),
});

describe('the probability of a direction', () => {
  it('is the share of scores that leave the sign as forecast, once many stand behind it', () => {
    expect(directionProbabilityAround(0.5, 1, calibrated(1e9))).toBeCloseTo(0.75, 6);
    expect(directionProbabilityAround(-0.5, 1, calibrated(1e9))).toBeCloseTo(0.75, 6);
    expect(directionProbabilityAround(0.254, 1, calibrated(1e9))).toBeCloseTo(0.627, 6);
    expect(directionProbabilityAround(0.5, 1, calibrated(1e9, -1, 3))).toBeCloseTo(0.875, 6);
    expect(directionProbabilityAround(5, 1, calibrated(1e9))).toBeCloseTo(1, 6);
    expect(directionProbabilityAround(-5, 1, calibrated(1e9))).toBeCloseTo(1, 6);
  });

  it('measures the forecast in volatilities', () => {
    expect(directionProbabilityAround(0.5, 2, calibrated(1e9))).toBeCloseTo(0.625, 6);
    expect(directionProbabilityAround(0.005, 0.01, calibrated(1e9))).toBeCloseTo(0.75, 6);
  });

  it('counts half of the scores that would make the outcome zero', () => {
    const quantiles = [-1, -1, -1, -0.5, 0, 0.5, 0.5, 0.5, 1, 1, 1];
    const of = (yHat: number) =>
      directionProbabilityAround(yHat, 1, { horizon: 1, nScores: 1e9, scoreQuantiles: quantiles, kept: 1 });
    // Of ten steps from -1 to 1, two lie at -1, so one counts as below; two at 0.5, the middle of which is the sixth.
    expect(of(1)).toBeCloseTo(0.9, 6);
    expect(of(-0.5)).toBeCloseTo(0.6, 6);
    expect(of(0.25)).toBeCloseTo(0.65, 6);
    expect(of(0.5)).toBeCloseTo(0.7, 6);
    expect(of(-1)).toBeCloseTo(0.9, 6);
  });

  it('is one half for a neutral forecast, without any scores, and never less', () => {
    expect(directionProbabilityAround(0, 1, calibrated(3000, 0.5, 1))).toBe(0.5);
    expect(directionProbabilityAround(0.1, 1, calibrated(3000, -1, 0.2))).toBe(0.5);
    const none = calibrateDirection(forecastsOf([], []));
    expect(none).toEqual({ horizon: 1, nScores: 0, scoreQuantiles: [], kept: 0 });
    expect(directionProbabilityAround(0.1, 1, { ...none, kept: 1 })).toBe(0.5);
  });

  it('is held back by few scores, and by overlapping ones', () => {
    expect(directionProbabilityAround(0.5, 1, calibrated(20))).toBeCloseTo(0.625, 12);
    expect(directionProbabilityAround(0.5, 1, calibrated(60))).toBeCloseTo(0.6875, 12);
    expect(directionProbabilityAround(0.5, 1, calibrated(2000, -1, 1, 100))).toBeCloseTo(0.625, 12);
  });

  it('promises no more than what was kept', () => {
    expect(directionProbabilityAround(0.5, 1, { ...calibrated(1e9), kept: 0.4 })).toBeCloseTo(0.6, 6);
    expect(directionProbabilityAround(0.5, 1, { ...calibrated(1e9), kept: 0 })).toBe(0.5);
  });

  it('grows with the forecast, stays in [0.5, 1), and is the same for up and down under even scores', () => {
    const scores = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 101, maxLength: 101 });
    const size = fc.double({ min: 0, max: 2, noNaN: true });
    fc.assert(
      fc.property(scores, size, size, (values, a, b) => {
        const scoreQuantiles = [...values].sort((x, y) => x - y);
        const calibration = { ...calibrated(500), scoreQuantiles };
        const of = (yHat: number) => directionProbabilityAround(yHat, 1, calibration);
        expect(of(a)).toBeGreaterThanOrEqual(0.5);
        expect(of(a)).toBeLessThan(1);
        expect(of(Math.max(a, b)) - of(Math.min(a, b))).toBeGreaterThanOrEqual(-1e-12);
        const mirrored = { ...calibration, scoreQuantiles: scoreQuantiles.map((score) => -score).reverse() };
        expect(directionProbabilityAround(-b, 1, mirrored)).toBeCloseTo(of(b), 12);
      }),
      { seed: 1 },
    );
  });
});

describe('the calibration of directions', () => {
  it('has the signed scores at 101 quantiles', () => {
    const forecasts = { ...forecastsOf([3, -1, 5], [1, 1, 1]), volatility: Float64Array.of(1, 2, 4) };
    const { horizon, nScores, scoreQuantiles } = calibrateDirection(forecasts);
    expect([horizon, nScores]).toEqual([1, 3]);
    // The scores are 2, -1 and 1.
    expect(scoreQuantiles).toHaveLength(101);
    expect([0, 25, 50, 75, 100].map((q) => scoreQuantiles[q])).toEqual([-1, 0, 1, 1.5, 2]);
  });

  it('has the part of the promises that was kept, worked out by hand', () => {
    // Row 1 knows the score 0 of row 0: it promises (1 - 0.5) (1 / 21) for up. Row 2 knows the scores 0 and 1, of which
    // 1 - 0 leave up as it is: (1 - 0.5) (2 / 22).
    const promises = [0.5 / 21, 1 / 22];
    const promised = promises[0]! ** 2 + promises[1]! ** 2;
    const keptOf = (came: number, horizon = 1) => {
      const slope = came / promised;
      return (Math.min(1, slope) * slope ** 2) / (slope ** 2 + horizon / 4 / promised);
    };
    const { kept } = calibrateDirection(forecastsOf([1, 2, 3], [1, 1, 1]));
    expect(kept).toBeCloseTo(keptOf(0.5 * (promises[0]! + promises[1]!)), 12);
    // Row 2 brought no change, which is half right.
    expect(calibrateDirection(forecastsOf([1, 2, 0], [1, 1, 1])).kept).toBeCloseTo(keptOf(0.5 * promises[0]!), 12);
    // Row 2 was wrong: less came than was promised against it.
    expect(calibrateDirection(forecastsOf([1, 2, -3], [1, 1, 1])).kept).toBe(0);
    const downs = forecastsOf([-1, -2, -3], [-1, -1, -1]);
    expect(calibrateDirection(downs).kept).toBeCloseTo(kept, 12);
  });

  it('counts forecasts of overlapping targets as one, worked out by hand', () => {
    const apart = { ...forecastsOf([1, 2, 3], [1, 1, 1], 2), ordinals: Int32Array.of(0, 2, 4) };
    const promises = [(0.5 * 0.5) / 20.5, (0.5 * 1) / 21];
    const promised = promises[0]! ** 2 + promises[1]! ** 2;
    const slope = (0.5 * (promises[0]! + promises[1]!)) / promised;
    expect(calibrateDirection(apart).kept).toBeCloseTo(slope ** 2 / (slope ** 2 + 0.5 / promised), 12);
    // Where all three overlap, none is known when the next is made: nothing is promised.
    expect(calibrateDirection({ ...apart, ordinals: Int32Array.of(0, 1, 1) })).toMatchObject({ nScores: 3, kept: 0 });
  });

  it('keeps the slope from promises to what came, less its doubt, where that is below 1', () => {
    const n = 100;
    const random = seededRandom(3);
    const yHat = Array.from({ length: n }, () => random.next() - 0.5);
    const y = yHat.map((forecast) => 0.6 * forecast + random.next() - 0.5);
    let promised = 0;
    let came = 0;
    for (let i = 0; i < n; i++) {
      const known = calibrateDirection(forecastsOf(y.slice(0, i), yHat.slice(0, i)));
      const excess = (kept: number) => directionProbabilityAround(yHat[i]!, 1, { ...known, kept }) - 0.5;
      const promise = excess(1) - excess(-1);
      promised += promise ** 2;
      came += promise * (y[i]! * yHat[i]! > 0 ? 0.5 : -0.5);
    }
    const slope = came / promised;
    expect(slope).toBeGreaterThan(0.1);
    expect(slope).toBeLessThan(0.9);
    const t2 = slope ** 2 / (0.25 / promised);
    expect(calibrateDirection(forecastsOf(y, yHat)).kept).toBeCloseTo((slope * t2) / (1 + t2), 12);
  });

  it('is not moved by what came of neutral forecasts', () => {
    const neutralLast = calibrateDirection(forecastsOf([1, 2, 3, 5], [1, 1, 1, 0]));
    expect(neutralLast.kept).toBe(calibrateDirection(forecastsOf([1, 2, 3], [1, 1, 1])).kept);
    expect(neutralLast.nScores).toBe(4);
  });

  it('keeps nothing of promises that came true no more often than by chance, or never were made', () => {
    const y = Array.from({ length: 400 }, (_, i) => (i % 4 < 2 ? 1 : -1));
    expect(
      calibrateDirection(
        forecastsOf(
          y,
          y.map((outcome) => -outcome),
        ),
      ).kept,
    ).toBe(0);
    expect(calibrateDirection(forecastsOf(y, new Array<number>(400).fill(0))).kept).toBe(0);
  });
});

describe('probabilities of a series', () => {
  const horizon = 10;
  const naive = naiveForecasts(sampleSeries('AAPL').adjustedClose, horizon);
  const yHat = naive.y.map((outcome, i) => 0.3 * outcome + 0.02 * Math.sin(i));
  const forecasts = { ...naive, yHat };

  it('are those that serving would have given on each day, to the last bit', () => {
    const probabilities = directionProbabilities(forecasts);
    for (const t of [0, 1, 10, 11, 200, 2500]) {
      const known = Math.max(0, t - horizon + 1);
      const asKnown = calibrateDirection({
        horizon,
        ordinals: forecasts.ordinals.slice(0, known),
        y: forecasts.y.slice(0, known),
        yHat: yHat.slice(0, known),
        volatility: forecasts.volatility.slice(0, known),
      });
      const stored = JSON.parse(JSON.stringify(asKnown)) as typeof asKnown;
      expect(probabilities[t]).toBe(directionProbabilityAround(yHat[t]!, forecasts.volatility[t]!, stored));
    }
    expect(probabilities[0]).toBe(0.5);
    expect(probabilities[2500]).toBeGreaterThan(0.6);
  });

  it('know nothing of what was unknown on their day', () => {
    const t = 1500;
    const y = forecasts.y.map((outcome, row) => (row > t - horizon ? -outcome - 0.1 : outcome));
    const later = yHat.map((value, row) => (row > t ? 0.3 - value : value));
    const [before, after] = [
      directionProbabilities(forecasts),
      directionProbabilities({ ...forecasts, y, yHat: later }),
    ];
    expect(after.slice(0, t + 1)).toEqual(before.slice(0, t + 1));
    expect(after.slice(t + 1)).not.toEqual(before.slice(t + 1));
  });

  /** Mean stated probability and share of right directions, after a year, over simulated tickers. */
  const judged = (skill: number) => {
    let [stated, right, n] = [0, 0, 0];
    for (let seed = 1; seed <= 4; seed++) {
      const simulated = naiveForecasts(garchPrices(seed, 2500), 1);
      const random = seededRandom(seed);
      const skilled = simulated.y.map((y, i) => skill * y + 0.3 * simulated.volatility[i]! * (random.next() - 0.5));
      directionProbabilities({ ...simulated, yHat: skilled }).forEach((probability, i) => {
        if (i < 252) return;
        stated += probability;
        right += simulated.y[i]! * skilled[i]! > 0 ? 1 : 0;
        n++;
      });
    }
    return { stated: stated / n, right: right / n };
  };

  it('stay close to one half for forecasts without skill', () => {
    expect(judged(0).stated).toBeLessThan(0.505);
  });

  it('come near the share of right directions for forecasts with skill, without passing it', () => {
    const { stated, right } = judged(0.01);
    expect(right).toBeGreaterThan(0.52);
    expect(stated).toBeGreaterThan(0.5 + (right - 0.5) / 3);
    expect(stated).toBeLessThan(right + 0.01);
  });
});
