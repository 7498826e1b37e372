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
import type { Matrix, ModelKind } from '../model.ts';
import { seededRandom } from '../random.ts';
import { evaluate } from './evaluate.ts';
import { fitNewest } from './fit-newest.ts';
import { learningRows, newestInput } from './learning-rows.ts';
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

  it('gives a fold exactly the labels known at its first forecast, none later', () => {
    const bars = sampleBars('IBM').slice(0, 500);
    const fits: { X: Matrix; y: Float64Array }[] = [];
    const given = { ...options, window: 100, parameters: {} };
    const { raw } = judged(recordingKind(fits), featuresOf(bars), 10, given);
    const { adjustedClose } = adjust(seriesOf(bars), []);
    const first = bars.findIndex(({ date }) => date === raw.dates[0]);
    expect(fits[0]!.y.at(-1)).toBe(Math.log(adjustedClose[first]! / adjustedClose[first - 10]!));
    expect(fits.map(({ y }) => y.length)).toEqual(fits.map(() => 100));
    expect(fits[0]!.X.nRows).toBe(100);
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

  it('asks for more sessions when not one fold is possible', () => {
    const features = featuresOf(sampleBars('MSFT').slice(0, 60));
    expect(() => walkForward(linear, [features], 30, options)).toThrow('MSFT has 60 sessions, at least 100 are needed');
    expect(() => fitNewest(linear, [features], 35, options)).toThrow('MSFT has 60 sessions, at least 110 are needed');
    const none = featuresOf(sampleBars('MSFT').slice(0, 12));
    expect(() => walkForward(linear, [none], 1, options)).toThrow('at most 20 sessions, at least 60 are needed');
    const weekly = featuresOf(
      sampleBars('MSFT')
        .filter((_, i) => i % 2 === 0)
        .slice(0, 80),
    );
    expect(() => walkForward(linear, [weekly], 1, options)).toThrow('80 (49 of them without a price 1 later)');
  });

  it('stays finite on prices that never move', () => {
    const { evaluation } = judged(linear, featuresOf(barsFrom(Array.from({ length: 300 }, () => 0))), 1, options);
    expect(evaluation).toMatchObject({ rmseRatioToNaive: 1, rmseRatioToDrift: 1, directionalAccuracy: 0.5 });
  });

  it('tells its progress from fold to fold and stops when told to', () => {
    const features = featuresOf(sampleBars('MSFT').slice(0, 400));
    const fractions: number[] = [];
    walkForward(linear, [features], 1, { ...options, onProgress: (fraction) => fractions.push(fraction) });
    expect([...new Set(fractions)]).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    const stop = new AbortController();
    const reason = new Error('cancelled by the operator');
    const run = () =>
      walkForward(linear, [features], 1, { ...options, signal: stop.signal, onProgress: () => stop.abort(reason) });
    expect(run).toThrow(reason);
  });
});

describe('a model for keeps', () => {
  it('learns from the newest sessions of the window whose outcome is known', () => {
    const bars = sampleBars('IBM').slice(0, 500);
    const fits: { X: Matrix; y: Float64Array }[] = [];
    const kind = recordingKind(fits);
    const { nTrainingRows } = fitNewest(kind, [featuresOf(bars)], 10, { ...options, window: 252, parameters: {} });
    const { adjustedClose } = adjust(seriesOf(bars), []);
    expect(nTrainingRows).toBe(252);
    expect(fits[0]!.y).toHaveLength(252);
    expect(fits[0]!.y.at(-1)).toBe(Math.log(adjustedClose[499]! / adjustedClose[489]!));
    expect(fitNewest(kind, [featuresOf(bars)], 10, { ...options, parameters: {} }).nTrainingRows).toBe(460);
  });
});

describe('volatility-scaled targets', () => {
  it('are what a candidate learns, and forecasts come back in log returns', () => {
    const features = featuresOf(sampleBars('IBM').slice(0, 500));
    const fits: { X: Matrix; y: Float64Array }[] = [];
    const candidate = { ...recordingKind(fits), role: 'candidate' } as const;
    const { raw } = judged(candidate, features, 1, { ...options, parameters: {}, scaleTargets: true });
    const { rows, y, volatility } = learningRows(features, 1);
    expect(fits[0]!.y).toEqual(y.slice(0, fits[0]!.y.length).map((label, i) => label / volatility[i]!));
    const row = rows.findIndex((at) => features.dates[at] === raw.dates[0]);
    expect(raw.raw[0]).toBeCloseTo(fits[0]!.y.at(-1)! * volatility[row]!, 15);
  });

  it('are never what a baseline learns', () => {
    const features = featuresOf(sampleBars('IBM').slice(0, 500));
    const scaled = walkForward(drift, [features], 1, { ...options, parameters: {}, scaleTargets: true });
    expect(scaled).toEqual(walkForward(drift, [features], 1, { ...options, parameters: {} }));
  });
});

describe('a pooled evaluation', () => {
  const panel = () => ['AAPL', 'IBM'].map((ticker) => featuresOf(sampleBars(ticker).slice(0, 600)));

  it('fits one model on the rows of all tickers, and forecasts each on its own days', () => {
    const fits: { X: Matrix; y: Float64Array }[] = [];
    const given = { ...options, window: 100, parameters: {} };
    const forecasts = walkForward(recordingKind(fits), panel(), 5, given);
    expect(forecasts.map(({ ticker }) => ticker)).toEqual(['AAPL', 'IBM']);
    expect(fits.map(({ y }) => y.length)).toEqual(fits.map(() => 200));
    const alone = walkForward(recordingKind([]), [panel()[1]!], 5, given)[0]!;
    expect(forecasts[1]!.dates).toEqual(alone.dates);
    expect(forecasts[1]!.y).toEqual(alone.y);
    expect(forecasts[1]!.drift).toEqual(alone.drift);
  });

  it('learns nothing from a ticker that is later than the session it forecasts from', () => {
    const before = walkForward(linear, panel(), 5, options);
    const last = before[0]!.dates[0]!;
    const bars = sampleBars('IBM').slice(0, 600);
    const changed = bars.map((bar) => (bar.date <= last ? bar : { ...bar, open: 20, high: 90, low: 10, close: 30 }));
    const after = walkForward(linear, [panel()[0]!, featuresOf(changed)], 5, options);
    expect(after[0]!.raw[0]).toBe(before[0]!.raw[0]);
    expect(after[0]!.raw).not.toEqual(before[0]!.raw);
  });
});

describe('a kind that looks back', () => {
  const looking = (fits: { X: Matrix; y: Float64Array }[]): ModelKind => ({
    ...recordingKind(fits),
    role: 'candidate',
    lookback: () => 3,
  });

  it('gets the sessions before each row, oldest first, and none across a gap', () => {
    const bars = sampleBars('MSFT').slice(0, 400);
    const features = featuresOf(bars);
    const fits: { X: Matrix; y: Float64Array }[] = [];
    walkForward(looking(fits), [features], 1, { ...options, parameters: {} });
    const { nColumns, values } = features.X;
    expect(fits[0]!.X.nColumns).toBe(3 * nColumns);
    const row = learningRows(features, 1).rows[0]!;
    expect(fits[0]!.X.values.slice(0, 3 * nColumns)).toEqual(values.slice((row - 2) * nColumns, (row + 1) * nColumns));

    const gapped = featuresOf(bars.filter((_, i) => i !== 350));
    const whole = walkForward(looking([]), [features], 1, { ...options, parameters: {} })[0]!;
    const withGap = walkForward(looking([]), [gapped], 1, { ...options, parameters: {} })[0]!;
    const missing = whole.dates.filter((date) => !withGap.dates.includes(date));
    // The session before the gap has no outcome, the missing one no bar, the two after it no three sessions in a row.
    expect(missing).toEqual(bars.slice(349, 353).map(({ date }) => date));
  });

  it('is asked about the newest session only where its sequence is whole', () => {
    const bars = sampleBars('MSFT').slice(0, 100);
    expect(newestInput(featuresOf(bars), 3)).toMatchObject({ nRows: 1, nColumns: 36 });
    expect(newestInput(featuresOf(bars.filter((_, i) => i !== 98)), 3)).toBeUndefined();
    expect(newestInput(featuresOf(bars.filter((_, i) => i !== 96)), 3)).toBeDefined();
    expect(newestInput(featuresOf(bars.slice(0, 22)), 3)).toBeUndefined();
  });
});

describe('the layout of an evaluation', () => {
  it('leaves an embargo between training labels and forecasts', () => {
    const fits: { X: Matrix; y: Float64Array }[] = [];
    const bars = sampleBars('IBM').slice(0, 500);
    const given = { ...options, window: 100, parameters: {}, embargo: 7 };
    const { raw } = judged(recordingKind(fits), featuresOf(bars), 10, given);
    const { adjustedClose } = adjust(seriesOf(bars), []);
    const first = bars.findIndex(({ date }) => date === raw.dates[0]);
    expect(fits[0]!.y.at(-1)).toBe(Math.log(adjustedClose[first - 7]! / adjustedClose[first - 17]!));
  });

  it('can begin after a date, as a search for parameters needs', () => {
    const features = featuresOf(sampleBars('IBM').slice(0, 500));
    const all = walkForward(linear, [features], 1, options)[0]!;
    const after = all.dates[50]!;
    const later = walkForward(linear, [features], 1, { ...options, after })[0]!;
    expect(later.dates).toEqual(all.dates.slice(51));
    expect(later.raw).toEqual(all.raw.slice(51));
  });
});
