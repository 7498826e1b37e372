import { describe, expect, it } from 'vitest';
import { sessionAt } from '../../domain/calendar.ts';
import { conformalIntervals } from '../intervals/conformal.ts';
import { constantWidthIntervals } from '../intervals/constant-width.ts';
import { seededRandom } from '../random.ts';
import { calibrationOf, confidences, outOfSample } from './calibrated.ts';
import { evaluate } from './evaluate.ts';
import type { ShrunkForecasts } from './shrinkage.ts';
import { intervalScores } from './statistics/index.ts';

const LEAKAGE = { passed: true, checks: [] };

/** Forecasts on consecutive sessions that share half of their outcome, held back by half. */
function forecasts(n: number, changes: Partial<ShrunkForecasts> = {}): ShrunkForecasts {
  const random = seededRandom(7);
  const draw = () => Float64Array.from({ length: n }, () => random.next() - 0.5);
  const [signal, noise] = [draw(), draw()];
  const ordinals = Int32Array.from({ length: n }, (_, i) => 3000 + i);
  return {
    ticker: 'MADE',
    dates: Array.from(ordinals, sessionAt),
    ordinals,
    y: signal.map((value, i) => (value + noise[i]!) / 50),
    raw: signal.map((value) => value / 25),
    drift: new Float64Array(n).fill(0.001),
    volatility: new Float64Array(n).fill(0.01),
    nFolds: 5,
    firstFoldRows: 126,
    nWithoutTarget: 0,
    shrinkage: new Float64Array(n).fill(0.5),
    finalShrinkage: 0.25,
    ...changes,
  };
}

describe('calibrated forecasts', () => {
  const series = forecasts(200, { shrinkage: Float64Array.from({ length: 200 }, (_, i) => i / 200) });

  it('are the raw ones, each times its own factor, beside both baselines and both kinds of intervals', () => {
    const said = outOfSample(series, 1);
    expect(said.yHat).toEqual(series.raw.map((value, i) => value * (i / 200)));
    expect(said).toMatchObject({ dates: series.dates, ordinals: series.ordinals, y: series.y, drift: series.drift });
    expect(said.naive).toEqual(new Float64Array(200));
    const scored = { ...series, yHat: said.yHat, horizon: 1 };
    expect(said.intervals).toEqual(conformalIntervals(scored));
    expect(said.constantWidth).toEqual(constantWidthIntervals(scored));
  });

  it('hand on to serving what all of them taught, weights where there are any', () => {
    const plain = calibrationOf(series, 1);
    expect(plain).toMatchObject({
      shrinkage: 0.25,
      intervals: { horizon: 1, nScores: 200 },
      direction: { horizon: 1 },
    });
    expect(Object.keys(plain)).not.toContain('weights');
    expect(calibrationOf({ ...series, weights: [0.3, 0.7] }, 1)).toEqual({ ...plain, weights: [0.3, 0.7] });
  });
});

describe('an evaluation', () => {
  it('compares squared errors with those of the baselines, better below zero', () => {
    const { dieboldMariano: tests, clarkWest, rmseRatioToDrift, model, drift } = evaluate(forecasts(300), 1, LEAKAGE);
    for (const { statistic, pValue } of [tests.naive, tests.drift]) {
      expect(statistic).toBeLessThan(-5);
      expect(pValue).toBeLessThan(1e-6);
    }
    expect(tests.naive.statistic).not.toBe(tests.drift.statistic);
    expect(clarkWest.statistic).toBeGreaterThan(5);
    expect(rmseRatioToDrift).toBe(model.rmse / drift.rmse);
    const asDrift = forecasts(300).raw.map((value) => value / 2);
    expect(evaluate(forecasts(300, { drift: asDrift }), 1, LEAKAGE).dieboldMariano).toEqual({
      naive: tests.naive,
      drift: { statistic: 0, pValue: 1 },
    });
    const inverted = forecasts(300, { shrinkage: new Float64Array(300).fill(-0.5) });
    const worse = evaluate(inverted, 1, LEAKAGE).dieboldMariano;
    expect(worse.naive.statistic).toBeGreaterThan(5);
    expect(worse.drift.pValue).toBeGreaterThan(1 - 1e-6);
  });

  it('scores intervals and stated probabilities by what came', () => {
    const series = forecasts(300);
    const result = evaluate(series, 1, LEAKAGE);
    const { intervals, constantWidth, yHat } = outOfSample(series, 1);
    expect(result.intervals).toEqual(
      intervals.map((each, i) => ({
        level: each.level,
        model: intervalScores(series.y, each),
        constantWidth: intervalScores(series.y, constantWidth[i]!),
      })),
    );
    expect(result.leakage).toBe(LEAKAGE);
    const promised = confidences(series, 1);
    const squares = promised.map((p, t) => (p - (Math.sign(series.y[t]!) === Math.sign(yHat[t]!) ? 1 : 0)) ** 2);
    expect(result.brier).toBeCloseTo(squares.reduce((sum, square) => sum + square, 0) / 300, 12);
    const { directionalAccuracy: share, reliability, brierOfBaseRate } = result;
    expect(brierOfBaseRate).toBeCloseTo(share * (1 - share), 12);
    expect(reliability.reduce((sum, { n, shareRight }) => sum + n * shareRight, 0)).toBeCloseTo(300 * share, 9);
  });

  it('counts neutral forecasts as half right when it scores probabilities', () => {
    const { brier, reliability } = evaluate(forecasts(100, { shrinkage: new Float64Array(100) }), 1, LEAKAGE);
    expect(brier).toBe(0);
    expect(reliability).toEqual([{ from: 0.5, to: 0.55, n: 100, meanPromised: 0.5, shareRight: 0.5 }]);
  });

  it('is less certain of the direction when forecasts overlap', () => {
    const width = ([low, high]: readonly [number, number]) => high - low;
    const [daily, overlapping] = [1, 10].map((horizon) => evaluate(forecasts(900), horizon, LEAKAGE));
    expect(width(overlapping!.directionalAccuracyInterval)).toBeGreaterThan(
      2.5 * width(daily!.directionalAccuracyInterval),
    );
  });

  it('names what it rests on', () => {
    const series = forecasts(80, { nFolds: 6 });
    expect(evaluate(series, 1, LEAKAGE)).toMatchObject({
      nForecasts: 80,
      nFolds: 6,
      firstOrigin: series.dates[0],
      lastOrigin: series.dates[79],
      alwaysUpAccuracy: series.y.filter((y) => y > 0).length / 80,
    });
  });
});

describe('notes on an evaluation', () => {
  const notes = (n: number, horizon: number, changes: Partial<ShrunkForecasts> = {}) =>
    evaluate(forecasts(n, changes), horizon, LEAKAGE).notes;

  it('are none where there is enough of everything, just so', () => {
    expect(notes(63, 1)).toEqual([]);
    expect(notes(125, 2)).toEqual([]);
  });

  it('warn of few forecasts, and of how little overlapping ones count', () => {
    expect(notes(62, 1)).toEqual(['Evaluated on 62 days in 5 folds: treat with care.']);
    expect(notes(124, 2)).toEqual([
      'Evaluated on 124 days in 5 folds, which overlap and count for about 62: treat with care.',
    ]);
    expect(notes(1, 1, { nFolds: 1 })).toEqual(['Evaluated on 1 day in 1 fold: treat with care.']);
  });

  it('warn of few folds and of a short first one', () => {
    expect(notes(63, 1, { nFolds: 4 })).toEqual(['Evaluated on 63 days in 4 folds: treat with care.']);
    expect(notes(63, 1, { firstFoldRows: 125 })).toEqual(['Short history: the first fold learnt from 125 sessions.']);
  });

  it('count the sessions whose outcome is unknown', () => {
    expect(notes(630, 10, { nWithoutTarget: 1 })).toEqual(['1 session left out: there is no price 10 sessions later.']);
  });
});
