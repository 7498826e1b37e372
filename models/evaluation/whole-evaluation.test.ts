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
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import type { ModelKind } from '../model.ts';
import { seededRandom } from '../random.ts';
import { evaluate } from './evaluate.ts';
import { fitNewest } from './fit-newest.ts';
import { type EvaluationOptions, walkForward } from './raw-forecasts.ts';
import { shrunk } from './shrinkage.ts';

const options = { window: 'all', seed: 1, parameters: linear.defaults, scaleTargets: false } as const;
const NOTHING_CHECKED = { passed: true, checks: [] };

/** Walk-forward forecasts of one ticker and what they are judged to be. */
function judged(kind: ModelKind, features: FeatureMatrix, horizon: number, given: EvaluationOptions) {
  const [raw] = walkForward(kind, [features], horizon, given);
  const [series] = shrunk([raw!], horizon, kind.role);
  return { raw: raw!, series: series!, evaluation: evaluate(series!, horizon, NOTHING_CHECKED) };
}

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

describe('walk-forward evaluation', () => {
  it('judges a model beside the baselines on thirteen years', () => {
    const { evaluation, series } = judged(linear, buildFeatures(sampleSeries('AAPL')), 10, options);
    expect(evaluation).toMatchObject({
      nForecasts: 2969,
      nFolds: 12,
      firstOrigin: series.dates[0],
      lastOrigin: addSessions('2013-03-01', -10),
      notes: [],
    });
    expect(evaluation.rmseRatioToNaive).toBe(evaluation.model.rmse / evaluation.naive.rmse);
    expect(evaluation.rmseRatioToDrift).toBe(evaluation.model.rmse / evaluation.drift.rmse);
    const up = series.y.filter((y) => y > 0).length / series.y.length;
    expect(evaluation.alwaysUpAccuracy).toBeCloseTo(up, 2);
    const [lowest, highest] = evaluation.directionalAccuracyInterval;
    expect(lowest).toBeLessThan(evaluation.directionalAccuracy);
    expect(highest).toBeGreaterThan(evaluation.directionalAccuracy);
    expect(evaluation.intervals.map(({ level }) => level)).toEqual([0.8, 0.95]);
    for (const { level, model } of evaluation.intervals) expect(Math.abs(model.coverage - level)).toBeLessThan(0.03);
    // A linear model on daily prices is slightly worse than naive; far better would mean that it saw the future.
    expect(evaluation.rmseRatioToNaive).toBeGreaterThan(0.99);
    expect(evaluation.rmseRatioToNaive).toBeLessThan(1.1);
  });

  it('finds the baselines equal to themselves', () => {
    const features = buildFeatures(sampleSeries('IBM'));
    const asDrift = judged(drift, features, 1, { ...options, parameters: {} });
    expect(asDrift.raw.raw).toEqual(asDrift.raw.drift);
    expect(asDrift.evaluation.rmseRatioToDrift).toBe(1);
    expect(asDrift.evaluation.calibration.shrinkage).toBe(1);
    const asNaive = judged(naive, features, 1, { ...options, parameters: {} });
    expect(asNaive.evaluation.rmseRatioToNaive).toBe(1);
    expect(asNaive.evaluation.directionalAccuracy).toBe(0.5);
    expect(asNaive.evaluation.dieboldMariano.naive).toEqual({ statistic: 0, pValue: 1 });
    expect(asNaive.evaluation.informationCoefficient).toEqual({ statistic: 0, pValue: 1 });
  });

  it.each([1, 10])('makes forecasts at horizon %i that no later price can change', (horizon) => {
    const bars = sampleBars('AAPL').slice(0, 900);
    const events = sampleEvents('AAPL');
    const features = buildFeatures(adjust(seriesOf(bars), events));
    const stepped = { ...options, stepSize: 100 };
    const untouched = judged(linear, features, horizon, stepped).series;
    // The first session of each fold is the sharpest test: the newest training label ends right there.
    const folds = untouched.dates.filter((_, i) => i % 100 === 0);
    for (const last of [...folds, untouched.dates[200]!]) {
      const at = bars.findIndex(({ date }) => date === last);
      const changed = bars.map((bar, i) =>
        i <= at ? bar : { ...bar, open: 90 + (i % 7), high: 200, low: 50, close: 100 + (i % 11), volume: i },
      );
      const after = judged(linear, buildFeatures(adjust(seriesOf(changed), events)), horizon, stepped).series;
      const n = untouched.dates.indexOf(last) + 1;
      for (const known of ['raw', 'drift', 'volatility', 'shrinkage'] as const) {
        expect(after[known].slice(0, n)).toEqual(untouched[known].slice(0, n));
      }
      expect(after.y.slice(n)).not.toEqual(untouched.y.slice(n));
    }
  });

  it('finds no skill in returns without a pattern', () => {
    for (const horizon of [1, 10]) {
      const { evaluation } = judged(
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
    const { evaluation } = judged(linear, featuresOf(barsFrom(returns)), 1, options);
    expect(bars.length).toBe(returns.length);
    expect(evaluation.rmseRatioToDrift).toBeGreaterThan(0.998);
  });

  it('finds the skill there is in returns with a strong pattern', () => {
    const noise = gaussians(1500, 4);
    const returns: number[] = [];
    for (const z of noise) returns.push(0.6 * (returns.at(-1) ?? 0) + 0.02 * z);
    const { evaluation } = judged(linear, featuresOf(barsFrom(returns)), 1, {
      ...options,
      parameters: { alpha: 0.01 },
    });
    expect(evaluation.rmseRatioToNaive).toBeLessThan(0.85);
    expect(evaluation.directionalAccuracy).toBeGreaterThan(0.65);
    expect(evaluation.calibration.shrinkage).toBeGreaterThan(0.8);
    expect(evaluation.calibration.direction.kept).toBeGreaterThan(0.8);
    expect(evaluation.dieboldMariano.naive.pValue).toBeLessThan(1e-6);
    expect(evaluation.clarkWest.pValue).toBeLessThan(1e-6);
    expect(evaluation.informationCoefficient.statistic).toBeGreaterThan(0.4);
    expect(evaluation.brier).toBeLessThan(evaluation.brierOfBaseRate);
  });

  it('works from 60 sessions on, and says how little that is', () => {
    const features = featuresOf(sampleBars('MSFT').slice(0, 60));
    const { evaluation } = judged(linear, features, 10, options);
    expect(evaluation).toMatchObject({ nFolds: 1, nForecasts: 1 });
    expect(evaluation.notes).toEqual([
      'Evaluated on 1 day in 1 fold: treat with care.',
      'Short history: the first fold learnt from 10 sessions.',
    ]);
    expect(fitNewest(linear, [features], 10, options).nTrainingRows).toBe(20);
    const hundred = judged(linear, featuresOf(sampleBars('MSFT').slice(0, 100)), 1, options).evaluation;
    expect(hundred.nFolds).toBe(5);
    expect(hundred.notes[0]).toBe('Evaluated on 35 days in 5 folds: treat with care.');
  });

  it('says how many sessions it left out for want of a later price', () => {
    const bars = sampleBars('MSFT').slice(0, 800);
    const features = featuresOf(bars.filter((_, i) => i !== 300 && i !== 400));
    expect(judged(linear, features, 1, options).evaluation.notes).toEqual([
      '2 sessions left out: there is no price 1 session later.',
    ]);
  });

  it('stays finite on prices that never move', () => {
    const { evaluation } = judged(linear, featuresOf(barsFrom(Array.from({ length: 300 }, () => 0))), 1, options);
    expect(evaluation).toMatchObject({ rmseRatioToNaive: 1, rmseRatioToDrift: 1, directionalAccuracy: 0.5 });
  });
});
