import { describe, expect, it } from 'vitest';
import { garchPrices, naiveForecasts } from '../../tests/naive-forecasts.ts';
import { sampleSeries } from '../../tests/sample-series.ts';
import {
  FEW_SCORES_MULTIPLE,
  SCORE_WINDOW,
  calibrateIntervals,
  conformalIntervals,
  intervalNote,
  intervalsAround,
} from './conformal.ts';
import type { ScoredForecasts } from './score-window.ts';

const sample = sampleSeries('MSFT');

/** The rows in [from, to). */
const rowsOf = (of: ScoredForecasts, from: number, to: number): ScoredForecasts => ({
  horizon: of.horizon,
  ordinals: of.ordinals.slice(from, to),
  y: of.y.slice(from, to),
  yHat: of.yHat.slice(from, to),
  volatility: of.volatility.slice(from, to),
});

/** Forecasts of 1 with volatility 2 whose scores are these, up and down in turn. */
const withScores = (scores: readonly number[], horizon = 1): ScoredForecasts => ({
  horizon,
  ordinals: Int32Array.from(scores.keys()),
  y: Float64Array.from(scores, (score, i) => 1 + 2 * (i % 2 === 0 ? score : -score)),
  yHat: new Float64Array(scores.length).fill(1),
  volatility: new Float64Array(scores.length).fill(2),
});
const multiplesOf = (forecasts: ScoredForecasts) =>
  calibrateIntervals(forecasts).multiples.map(({ multiple }) => multiple);

describe('conformal intervals', () => {
  it('reach as many volatilities to both sides as the conformal quantile of the scores says', () => {
    const scores = Array.from({ length: 39 }, (_, i) => ((i * 7) % 39) + 1);
    const calibration = calibrateIntervals(withScores(scores));
    expect(calibration).toEqual({
      horizon: 1,
      nScores: 39,
      multiples: [
        { level: 0.8, multiple: 32 },
        { level: 0.95, multiple: 38 },
      ],
    });
    expect(intervalsAround(0.25, 0.5, calibration)).toEqual([
      { level: 0.8, lower: 0.25 - 16, upper: 0.25 + 16 },
      { level: 0.95, lower: 0.25 - 19, upper: 0.25 + 19 },
    ]);
  });

  it('rest on the last 504 scores', () => {
    expect(SCORE_WINDOW).toBe(504);
    expect(multiplesOf(withScores([...new Array<number>(504).fill(9), ...new Array<number>(504).fill(1)]))).toEqual([
      1, 1,
    ]);
    expect(multiplesOf(withScores([...new Array<number>(504).fill(9), ...new Array<number>(400).fill(1)]))).toEqual([
      9, 9,
    ]);
    expect(calibrateIntervals(withScores(new Array<number>(600).fill(1))).nScores).toBe(504);
  });

  it('are wide while scores are too few for their level, and wider still when those were large', () => {
    expect(multiplesOf(withScores([]))).toEqual([1.638, 3.182]);
    expect(FEW_SCORES_MULTIPLE).toEqual({ 0.8: 1.638, 0.95: 3.182 });
    expect(multiplesOf(withScores([1, 1, 1]))).toEqual([1.638, 3.182]);
    expect(multiplesOf(withScores([2, 5, 1]))).toEqual([5, 5]);
    expect(multiplesOf(withScores([1, 1, 1, 1]))).toEqual([1, 3.182]);
    expect(multiplesOf(withScores(new Array<number>(19).fill(1)))).toEqual([1, 1]);
    expect(multiplesOf(withScores(new Array<number>(39).fill(1), 10))).toEqual([1.638, 3.182]);
    expect(multiplesOf(withScores(new Array<number>(40).fill(1), 10))).toEqual([1, 3.182]);
  });

  it.each([1, 10])('of a series are those that serving would have given on each day, to the last bit, at h=%i', (h) => {
    const forecasts = naiveForecasts(sample.adjustedClose, h);
    const yHat = forecasts.y.map((_, i) => 0.01 * Math.sin(i));
    const tilted = { ...forecasts, yHat };
    const series = conformalIntervals(tilted);
    expect(series.map(({ level }) => level)).toEqual([0.8, 0.95]);
    for (const t of [0, 1, h, h + 3, h + 4, 50, 195, 520, 1500, 3000]) {
      const asKnown = calibrateIntervals(rowsOf(tilted, 0, Math.max(0, t - h + 1)));
      const stored = JSON.parse(JSON.stringify(asKnown)) as typeof asKnown;
      const served = intervalsAround(yHat[t]!, forecasts.volatility[t]!, stored);
      expect(series.map(({ level, lower, upper }) => ({ level, lower: lower[t], upper: upper[t] }))).toEqual(served);
    }
  });

  it('wait for outcomes across missing sessions', () => {
    const forecasts = { ...withScores([1, 2, 3, 4, 5, 6], 2), ordinals: Int32Array.of(0, 1, 2, 3, 4, 9) };
    const widths = conformalIntervals(forecasts)[0]!.upper.map((upper) => (upper - 1) / 2);
    // The session 9 brings the outcomes of all before it, five; eight would be needed.
    expect([...widths]).toEqual([1.638, 1.638, 1.638, 2, 3, 5]);
  });

  it('are finite, ordered, nested and around the forecast, from the first day', () => {
    const [narrow, wide] = conformalIntervals(naiveForecasts(sample.adjustedClose, 10));
    const isNested = (lower: number, t: number) =>
      Number.isFinite(wide!.lower[t]) &&
      wide!.lower[t]! <= lower &&
      lower < 0 &&
      narrow!.upper[t]! > 0 &&
      wide!.upper[t]! >= narrow!.upper[t]! &&
      Number.isFinite(wide!.upper[t]);
    expect(narrow!.lower.findIndex((lower, t) => !isNested(lower, t))).toBe(-1);
  });

  it('know nothing of what was unknown on their day', () => {
    const horizon = 10;
    const forecasts = naiveForecasts(sample.adjustedClose, horizon);
    const t = 1000;
    // At t the outcomes of rows up to t - horizon are known.
    const y = forecasts.y.map((outcome, row) => (row > t - horizon ? 5 * outcome + 1 : outcome));
    const later = (values: Float64Array) => values.map((value, row) => (row > t ? 3 * value + 0.1 : value));
    const perturbed = { ...forecasts, y, yHat: later(forecasts.yHat), volatility: later(forecasts.volatility) };
    const [before, after] = [conformalIntervals(forecasts), conformalIntervals(perturbed)];
    before.forEach(({ lower, upper }, i) => {
      expect(after[i]!.lower.slice(0, t + 1)).toEqual(lower.slice(0, t + 1));
      expect(after[i]!.upper.slice(0, t + 1)).toEqual(upper.slice(0, t + 1));
      expect(after[i]!.upper[t + 1]).not.toBe(upper[t + 1]);
    });
  });

  it.each([
    [1, 0.01],
    [10, 0.02],
  ])('cover simulated returns as often as they say, at h=%i within %f', (horizon, tolerance) => {
    for (const [i, level] of [0.8, 0.95].entries()) {
      let covered = 0;
      let judged = 0;
      for (let seed = 1; seed <= 6; seed++) {
        const forecasts = naiveForecasts(garchPrices(seed, 3000), horizon);
        const { lower, upper } = conformalIntervals(forecasts)[i]!;
        forecasts.y.forEach((y, t) => {
          if (t < SCORE_WINDOW) return;
          judged++;
          if (y >= lower[t]! && y <= upper[t]!) covered++;
        });
      }
      expect(Math.abs(covered / judged - level)).toBeLessThan(tolerance);
    }
  });
});

describe('the note of a calibration', () => {
  const noteOf = (nScores: number, horizon: number) =>
    intervalNote(calibrateIntervals(withScores(new Array<number>(nScores).fill(1), horizon)));

  it('says which intervals rest on too few scores', () => {
    expect(noteOf(0, 1)).toBe(
      'The 80% and 95% intervals are wide on purpose: 0 past forecasts could be scored, 19 are needed.',
    );
    expect(noteOf(1, 10)).toContain('1 past forecast could be scored, 190 are needed');
    expect(noteOf(3, 1)).toContain('80% and 95% intervals are');
    expect(noteOf(4, 1)).toBe('The 95% interval is wide on purpose: 4 past forecasts could be scored, 19 are needed.');
    expect(noteOf(40, 10)).toContain('The 95% interval is');
    expect(noteOf(189, 10)).toContain('190 are needed');
  });

  it('is absent when there are enough', () => {
    expect(noteOf(19, 1)).toBeUndefined();
    expect(noteOf(190, 10)).toBeUndefined();
    expect(noteOf(600, 26)).toBeUndefined();
  });

  it('stays for horizons whose targets overlap so much that a full window is not enough', () => {
    expect(noteOf(600, 27)).toContain('504 past forecasts could be scored, 513 are needed');
  });
});
