import { describe, expect, it } from 'vitest';
import type { Bar } from '../../domain/bar.ts';
import { addSessions, sessionAt } from '../../domain/calendar.ts';
import { seriesOf } from '../../domain/dataset.ts';
import { adjust } from '../../market/adjustment.ts';
import { sampleBars, sampleEvents, sampleSeries } from '../../tests/sample-series.ts';
import { drift } from '../baselines/drift.ts';
import { naive } from '../baselines/naive.ts';
import { buildFeatures } from '../features/build-features.ts';
import { linear } from '../linear/ridge.ts';
import type { Matrix, ModelKind } from '../model.ts';
import { seededRandom } from '../random.ts';
import { evaluate } from './evaluate.ts';
import { fitNewest } from './fit-newest.ts';

const options = { window: 'all', seed: 1, parameters: linear.defaults } as const;
const featuresOf = (bars: readonly Bar[]) => buildFeatures(adjust(seriesOf(bars), []));

/** Bars of consecutive sessions whose closes follow the given log returns. */
function barsFrom(returns: readonly number[]): Bar[] {
  let close = 50;
  return returns.map((logReturn, i) => {
    const open = close;
    close *= Math.exp(logReturn);
    const [low, high] = [Math.min(open, close) * 0.99, Math.max(open, close) * 1.01];
    return { ticker: 'MADE', sector: 'None', date: sessionAt(4000 + i), open, high, low, close, volume: 1e6 };
  });
}

function gaussians(n: number, seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: n }, () => {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += random.next();
    return sum;
  });
}

/** A kind that notes what it was given; forecasts the last label it learnt from. */
function recordingKind(fits: { X: Matrix; y: Float64Array }[]): ModelKind {
  return {
    ...drift,
    name: 'recording',
    parameters: () => ({}),
    fit(X, y) {
      fits.push({ X, y });
      return {
        kind: 'recording',
        predict: (rows) => new Float64Array(rows.nRows).fill(y.at(-1)!),
        toObject: () => null,
      };
    },
  };
}

describe('walk-forward evaluation', () => {
  it('judges a model beside the baselines on thirteen years', () => {
    const { evaluation, forecasts } = evaluate(linear, buildFeatures(sampleSeries('AAPL')), 10, options);
    expect(evaluation).toMatchObject({
      nForecasts: 2979,
      nFolds: 12,
      firstOrigin: forecasts.dates[0],
      lastOrigin: addSessions('2013-03-01', -10),
      notes: [],
    });
    expect(evaluation.rmseRatioToNaive).toBe(evaluation.model.rmse / evaluation.naive.rmse);
    expect(evaluation.rmseRatioToDrift).toBe(evaluation.model.rmse / evaluation.drift.rmse);
    const up = forecasts.y.filter((y) => y > 0).length / forecasts.y.length;
    expect(evaluation.alwaysUpAccuracy).toBeCloseTo(up, 2);
    expect(evaluation.residualQuantiles).toHaveLength(101);
    expect([...evaluation.residualQuantiles].sort((a, b) => a - b)).toEqual(evaluation.residualQuantiles);
    // A linear model on daily prices is slightly worse than naive; far better would mean that it saw the future.
    expect(evaluation.rmseRatioToNaive).toBeGreaterThan(0.99);
    expect(evaluation.rmseRatioToNaive).toBeLessThan(1.1);
  });

  it('finds the baselines equal to themselves', () => {
    const features = buildFeatures(sampleSeries('IBM'));
    const asDrift = evaluate(drift, features, 1, { ...options, parameters: {} });
    expect(asDrift.forecasts.yHat).toEqual(asDrift.forecasts.drift);
    expect(asDrift.evaluation.rmseRatioToDrift).toBe(1);
    const asNaive = evaluate(naive, features, 1, { ...options, parameters: {} });
    expect(asNaive.evaluation.rmseRatioToNaive).toBe(1);
    expect(asNaive.evaluation.directionalAccuracy).toBe(0.5);
    expect(asNaive.evaluation.directionCalibration).toBe(0);
  });

  it.each([1, 10])('makes forecasts at horizon %i that no later price can change', (horizon) => {
    const bars = sampleBars('AAPL').slice(0, 900);
    const events = sampleEvents('AAPL');
    const features = buildFeatures(adjust(seriesOf(bars), events));
    const stepped = { ...options, stepSize: 100 };
    const untouched = evaluate(linear, features, horizon, stepped).forecasts;
    // The first session of each fold is the sharpest test: the newest training label ends right there.
    const folds = untouched.dates.filter((_, i) => i % 100 === 0);
    for (const last of [...folds, untouched.dates[200]!]) {
      const at = bars.findIndex(({ date }) => date === last);
      const changed = bars.map((bar, i) =>
        i <= at ? bar : { ...bar, open: 90 + (i % 7), high: 200, low: 50, close: 100 + (i % 11), volume: i },
      );
      const after = evaluate(linear, buildFeatures(adjust(seriesOf(changed), events)), horizon, stepped).forecasts;
      const n = untouched.dates.indexOf(last) + 1;
      expect(after.yHat.slice(0, n)).toEqual(untouched.yHat.slice(0, n));
      expect(after.drift.slice(0, n)).toEqual(untouched.drift.slice(0, n));
    }
  });

  it('gives a fold exactly the labels known at its first forecast, none later', () => {
    const bars = sampleBars('IBM').slice(0, 500);
    const fits: { X: Matrix; y: Float64Array }[] = [];
    const { forecasts } = evaluate(recordingKind(fits), featuresOf(bars), 10, {
      ...options,
      window: 100,
      parameters: {},
    });
    const { adjustedClose } = adjust(seriesOf(bars), []);
    const first = bars.findIndex(({ date }) => date === forecasts.dates[0]);
    expect(fits[0]!.y.at(-1)).toBe(Math.log(adjustedClose[first]! / adjustedClose[first - 10]!));
    expect(fits.map(({ y }) => y.length)).toEqual(fits.map(() => 100));
    expect(fits[0]!.X.nRows).toBe(100);
  });

  it('finds no skill in returns without a pattern', () => {
    for (const horizon of [1, 10]) {
      const { evaluation } = evaluate(
        linear,
        featuresOf(barsFrom(gaussians(2500, 3).map((z) => z * 0.02))),
        horizon,
        options,
      );
      expect(evaluation.rmseRatioToNaive).toBeGreaterThan(0.995);
      expect(Math.abs(evaluation.directionalAccuracy - 0.5)).toBeLessThan(horizon === 1 ? 0.03 : 0.08);
    }
  });

  it('finds none in real returns whose order was shuffled', () => {
    const bars = sampleBars('AAPL');
    const { adjustedClose } = sampleSeries('AAPL');
    const returns = Array.from(adjustedClose, (price, i) => (i === 0 ? 0 : Math.log(price / adjustedClose[i - 1]!)));
    const random = seededRandom(8);
    for (let i = returns.length - 1; i > 0; i--) {
      const j = random.nextInt(i + 1);
      [returns[i], returns[j]] = [returns[j]!, returns[i]!];
    }
    const { evaluation } = evaluate(linear, featuresOf(barsFrom(returns)), 1, options);
    expect(bars.length).toBe(returns.length);
    expect(evaluation.rmseRatioToDrift).toBeGreaterThan(0.998);
  });

  it('finds the skill there is in returns with a strong pattern', () => {
    const noise = gaussians(1500, 4);
    const returns: number[] = [];
    for (const z of noise) returns.push(0.6 * (returns.at(-1) ?? 0) + 0.02 * z);
    const { evaluation } = evaluate(linear, featuresOf(barsFrom(returns)), 1, {
      ...options,
      parameters: { alpha: 0.01 },
    });
    expect(evaluation.rmseRatioToNaive).toBeLessThan(0.85);
    expect(evaluation.directionalAccuracy).toBeGreaterThan(0.65);
    expect(evaluation.directionCalibration).toBeGreaterThan(0.8);
  });

  it('works from 60 sessions on, and says how little that is', () => {
    const features = featuresOf(sampleBars('MSFT').slice(0, 60));
    const { evaluation } = evaluate(linear, features, 10, options);
    expect(evaluation).toMatchObject({ nFolds: 1, nForecasts: 6 });
    expect(evaluation.notes).toEqual([
      'Evaluated on 6 days in 1 fold, which overlap and count for about 1: treat with care.',
      'Short history: the first fold learnt from 15 sessions.',
    ]);
    expect(fitNewest(linear, features, 10, options).nTrainingRows).toBe(30);
    const hundred = evaluate(linear, featuresOf(sampleBars('MSFT').slice(0, 100)), 1, options).evaluation;
    expect(hundred.nFolds).toBe(5);
    expect(hundred.notes[0]).toBe('Evaluated on 40 days in 5 folds: treat with care.');
  });

  it('says how many sessions it left out for want of a later price', () => {
    const bars = sampleBars('MSFT').slice(0, 800);
    const features = featuresOf(bars.filter((_, i) => i !== 300 && i !== 400));
    expect(evaluate(linear, features, 1, options).evaluation.notes).toEqual([
      '2 sessions left out: there is no price 1 session later.',
    ]);
  });

  it('asks for more sessions when not one fold is possible', () => {
    const features = featuresOf(sampleBars('MSFT').slice(0, 60));
    expect(() => evaluate(linear, features, 30, options)).toThrow('MSFT has 60 sessions, at least 90 are needed');
    expect(() => fitNewest(linear, features, 35, options)).toThrow('MSFT has 60 sessions, at least 100 are needed');
    const none = featuresOf(sampleBars('MSFT').slice(0, 12));
    expect(() => evaluate(linear, none, 1, options)).toThrow('at most 20 sessions, at least 60 are needed');
    const weekly = featuresOf(
      sampleBars('MSFT')
        .filter((_, i) => i % 2 === 0)
        .slice(0, 80),
    );
    expect(() => evaluate(linear, weekly, 1, options)).toThrow('80 (59 of them without a price 1 later)');
  });

  it('stays finite on prices that never move', () => {
    const { evaluation } = evaluate(linear, featuresOf(barsFrom(Array.from({ length: 300 }, () => 0))), 1, options);
    expect(evaluation).toMatchObject({ rmseRatioToNaive: 1, rmseRatioToDrift: 1, directionalAccuracy: 0.5 });
  });

  it('tells its progress from fold to fold and stops when told to', () => {
    const features = featuresOf(sampleBars('MSFT').slice(0, 400));
    const fractions: number[] = [];
    evaluate(linear, features, 1, { ...options, onProgress: (fraction) => fractions.push(fraction) });
    expect(fractions).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    const stop = new AbortController();
    const reason = new Error('cancelled by the operator');
    const run = () =>
      evaluate(linear, features, 1, { ...options, signal: stop.signal, onProgress: () => stop.abort(reason) });
    expect(run).toThrow(reason);
  });
});

describe('a model for keeps', () => {
  it('learns from the newest sessions of the window whose outcome is known', () => {
    const bars = sampleBars('IBM').slice(0, 500);
    const fits: { X: Matrix; y: Float64Array }[] = [];
    const kind = recordingKind(fits);
    const { nTrainingRows } = fitNewest(kind, featuresOf(bars), 10, { ...options, window: 252, parameters: {} });
    const { adjustedClose } = adjust(seriesOf(bars), []);
    expect(nTrainingRows).toBe(252);
    expect(fits[0]!.y).toHaveLength(252);
    expect(fits[0]!.y.at(-1)).toBe(Math.log(adjustedClose[499]! / adjustedClose[489]!));
    expect(fitNewest(kind, featuresOf(bars), 10, { ...options, parameters: {} }).nTrainingRows).toBe(470);
  });
});
