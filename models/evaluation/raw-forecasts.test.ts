import { describe, expect, it } from 'vitest';
import type { Bar } from '../../domain/bar.ts';
import { seriesOf } from '../../domain/dataset.ts';
import { adjust } from '../../market/adjustment.ts';
import { type RecordedFit, recordingKind } from '../../tests/recording-kind.ts';
import { sampleBars } from '../../tests/sample-series.ts';
import { drift } from '../baselines/drift.ts';
import type { State } from '../checkpoints.ts';
import { buildFeatures } from '../features/build-features.ts';
import { randomForest } from '../forest/random-forest.ts';
import { linear } from '../linear/ridge.ts';
import type { ModelKind } from '../model.ts';
import { type LearningRows, inputsOf, learningRows, newestInput } from './learning-rows.ts';
import { type EvaluationOptions, fitOn, walkForward } from './raw-forecasts.ts';

const options = { window: 'all', seed: 1, parameters: linear.defaults, scaleTargets: false } as const;
const featuresOf = (bars: readonly Bar[]) => buildFeatures(adjust(seriesOf(bars), []));

describe('walk-forward forecasts', () => {
  it('gives a fold exactly the labels known at its first forecast, none later', () => {
    const bars = sampleBars('IBM').slice(0, 500);
    const fits: RecordedFit[] = [];
    const given = { ...options, window: 100, parameters: {} };
    const [raw] = walkForward(recordingKind(fits), [featuresOf(bars)], 10, given);
    const { adjustedClose } = adjust(seriesOf(bars), []);
    const first = bars.findIndex(({ date }) => date === raw!.dates[0]);
    expect(fits[0]!.y.at(-1)).toBe(Math.log(adjustedClose[first]! / adjustedClose[first - 10]!));
    expect(fits.map(({ y }) => y.length)).toEqual(fits.map(() => 100));
    expect(fits[0]!.X.nRows).toBe(100);
  });

  it('asks for more sessions when not one fold is possible', () => {
    const features = featuresOf(sampleBars('MSFT').slice(0, 60));
    expect(() => walkForward(linear, [features], 30, options)).toThrow('MSFT has 60 sessions, at least 100 are needed');
    const none = featuresOf(sampleBars('MSFT').slice(0, 12));
    expect(() => walkForward(linear, [none], 1, options)).toThrow('at most 20 sessions, at least 60 are needed');
    const weekly = featuresOf(
      sampleBars('MSFT')
        .filter((_, i) => i % 2 === 0)
        .slice(0, 80),
    );
    expect(() => walkForward(linear, [weekly], 1, options)).toThrow('80 (49 of them without a price 1 later)');
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

describe('walk-forward forecasts that were cut short', () => {
  it.each([
    ['of one ticker', randomForest, ['MSFT'], {}],
    ['of a pool', randomForest, ['MSFT', 'IBM'], {}],
    ['by a kind that offers no checkpoints itself', linear, ['MSFT'], {}],
    // The first folds have too few rows that look back so far.
    ['with folds that learn nothing', randomForest, ['MSFT'], { lookback: () => 58 }],
  ])('go on from every checkpoint, %s, to the same forecasts', (_, kind, tickers, changed) => {
    const panel = tickers.map((ticker) => featuresOf(sampleBars(ticker).slice(0, 130)));
    const learner: ModelKind = { ...(kind as ModelKind), ...changed };
    const parameters = learner.parameters(learner.name === 'linear' ? {} : { nTrees: 4 });
    const given = { window: 100, seed: 3, parameters, scaleTargets: true } as const;
    const states: State[] = [];
    const offer = (state: () => State) => void states.push(structuredClone(state()));
    const whole = walkForward(learner, panel, 1, { ...given, checkpoints: { offer } });
    expect(whole).toEqual(walkForward(learner, panel, 1, given));
    expect(states.length).toBeGreaterThanOrEqual(5);
    states.forEach((resumeFrom, i) => {
      let offered = 0;
      const checkpoints = { resumeFrom, offer: () => offered++ };
      expect(walkForward(learner, panel, 1, { ...given, checkpoints })).toEqual(whole);
      expect(offered).toBe(states.length - i - 1);
    });
  });
});

describe('a fit', () => {
  it('is told the seed, how far labels overlap, and how to stop and report', () => {
    const panel = ['AAPL', 'IBM'].map((ticker) => featuresOf(sampleBars(ticker).slice(0, 400)));
    const { signal } = new AbortController();
    const fits: RecordedFit[] = [];
    const kind = recordingKind(fits);
    const given = { ...options, parameters: {}, seed: 5 };
    const fractions: number[] = [];
    walkForward(kind, panel, 3, { ...given, signal, onProgress: (fraction) => fractions.push(fraction) });
    expect(fits[0]!.options).toMatchObject({ seed: 5, overlap: 6, signal });
    // Half of the second fold of five.
    fits[1]!.options.onProgress!(0.5);
    expect(fractions.at(-1)).toBeCloseTo(0.3, 12);
    const rows = panel.map((features) => learningRows(features, 3));
    fitOn(kind, rows.slice(0, 1), 3, given);
    expect(fits.at(-1)!.options).toEqual({ seed: 5, overlap: 3 });
  });

  it('gets the rows of all tickers session by session, each with its own label', () => {
    const tickers = [
      { ticker: 'AAPL', from: 2 },
      { ticker: 'IBM', from: 0 },
    ];
    const panel = tickers.map(({ ticker, from }) => featuresOf(sampleBars(ticker).slice(from, 60)));
    const [apple, ibm] = panel.map((features) => learningRows(features, 1)) as [LearningRows, LearningRows];
    const fits: RecordedFit[] = [];
    fitOn(recordingKind(fits), [apple, ibm], 1, { ...options, parameters: {} });
    const [{ X, y }] = fits as [RecordedFit];
    // The other ticker's history begins two sessions later.
    expect([...y.slice(0, 6)]).toEqual([ibm.y[0], ibm.y[1], apple.y[0], ibm.y[2], apple.y[1], ibm.y[3]]);
    expect(X.nRows).toBe(apple.y.length + ibm.y.length);
    const rowOf = ({ features, rows }: LearningRows, i: number) => inputsOf(features, [rows[i]!], 1).values;
    const given = [2, 3, 4].map((row) => X.values.slice(row * X.nColumns, (row + 1) * X.nColumns));
    expect(given).toEqual([rowOf(apple, 0), rowOf(ibm, 2), rowOf(apple, 1)]);
  });
});

describe('volatility-scaled targets', () => {
  it('are what a candidate learns, and forecasts come back in log returns', () => {
    const features = featuresOf(sampleBars('IBM').slice(0, 500));
    const fits: RecordedFit[] = [];
    const candidate = { ...recordingKind(fits), role: 'candidate' } as const;
    const [raw] = walkForward(candidate, [features], 1, { ...options, parameters: {}, scaleTargets: true });
    const { rows, y, volatility } = learningRows(features, 1);
    expect(fits[0]!.y).toEqual(y.slice(0, fits[0]!.y.length).map((label, i) => label / volatility[i]!));
    const row = rows.findIndex((at) => features.dates[at] === raw!.dates[0]);
    expect(raw!.raw[0]).toBeCloseTo(fits[0]!.y.at(-1)! * volatility[row]!, 15);
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
    const fits: RecordedFit[] = [];
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

describe('a ticker that came late', () => {
  it('is forecast from its first sessions on, with no drift of its own until it has labels to learn from', () => {
    const old = featuresOf(sampleBars('AAPL').slice(0, 600));
    const young = featuresOf(sampleBars('IBM').slice(380, 600));
    const [, forecasts] = walkForward(recordingKind([]), [old, young], 1, { ...options, parameters: {} });
    const rows = learningRows(young, 1);
    // In whatever order tickers come, all of their sessions count.
    const [first] = walkForward(recordingKind([]), [young, old], 1, { ...options, parameters: {} });
    expect({ ...first, raw: [] }).toEqual({ ...forecasts, raw: [] });
    expect(forecasts).toMatchObject({ ticker: 'IBM', dates: rows.dates, ordinals: rows.ordinals, y: rows.y });
    expect(forecasts!.volatility).toEqual(rows.volatility);
    // Folds of its own days; the first has a session or more before the second one, whose training rows they are.
    const drifts = [...new Set(forecasts!.drift)];
    expect(drifts[0]).toBe(0);
    const second = forecasts!.drift.findIndex((value) => value !== 0);
    const known = rows.y.slice(0, second);
    expect(forecasts!.drift[second]).toBeCloseTo(known.reduce((sum, value) => sum + value, 0) / known.length, 15);
  });
});

describe('a ticker with too short a history', () => {
  it('gets no forecasts beside one that has enough', () => {
    const panel = [sampleBars('AAPL').slice(0, 200), sampleBars('IBM').slice(0, 31)].map(featuresOf);
    const [long, short] = walkForward(linear, panel, 5, options);
    // Of 165 labelled sessions, 82 to learn from and 4 more until their labels are known.
    expect(long!.y).toHaveLength(79);
    expect(short).toMatchObject({ ticker: 'IBM', dates: [] });
  });
});

describe('a kind that looks back', () => {
  const looking = (fits: RecordedFit[]): ModelKind => ({
    ...recordingKind(fits),
    role: 'candidate',
    lookback: () => 3,
  });

  it('gets the sessions before each row, oldest first, and none across a gap', () => {
    const bars = sampleBars('MSFT').slice(0, 400);
    const features = featuresOf(bars);
    const fits: RecordedFit[] = [];
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
    const fits: RecordedFit[] = [];
    const bars = sampleBars('IBM').slice(0, 500);
    const given = { ...options, window: 100, parameters: {}, embargo: 7 };
    const [raw] = walkForward(recordingKind(fits), [featuresOf(bars)], 10, given);
    const { adjustedClose } = adjust(seriesOf(bars), []);
    const first = bars.findIndex(({ date }) => date === raw!.dates[0]);
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

  it('is refitted as often as the kind wants, or as it is told', () => {
    const features = featuresOf(sampleBars('IBM').slice(0, 400));
    const refits = (kind: Partial<ModelKind>, given: Partial<EvaluationOptions>) => {
      const fits: RecordedFit[] = [];
      const changed = { ...recordingKind(fits), ...kind };
      const [series] = walkForward(changed, [features], 1, { ...options, parameters: {}, ...given });
      expect(series!.nFolds).toBe(fits.length);
      return { fits: fits.length, days: series!.dates.length, firstFoldRows: series!.firstFoldRows };
    };
    // 369 sessions with labels: 184 to learn from, the rest to forecast from.
    expect(refits({}, {})).toEqual({ fits: 5, days: 185, firstFoldRows: 184 });
    expect(refits({ refitEvery: 20 }, {}).fits).toBe(10);
    expect(refits({ refitEvery: 20 }, { stepSize: 100 }).fits).toBe(2);
    expect(refits({}, { window: 50 }).firstFoldRows).toBe(50);
  });

  it('leaves out folds before the date, and a fold that has too little to learn from', () => {
    const bars = sampleBars('IBM').slice(0, 400);
    const features = featuresOf(bars);
    const all = walkForward(linear, [features], 1, { ...options, stepSize: 37 })[0]!;
    const fits: RecordedFit[] = [];
    const later = (at: number) =>
      walkForward(recordingKind(fits), [features], 1, {
        ...options,
        parameters: {},
        stepSize: 37,
        after: all.dates[at]!,
      })[0]!;
    // The last session of the first fold: with it, that fold has nothing left to say.
    expect(later(36)).toMatchObject({ nFolds: 4, firstFoldRows: 184 + 37, dates: all.dates.slice(37) });
    expect(fits).toHaveLength(4);
    expect(later(35).nFolds).toBe(5);
    expect(() => later(all.dates.length - 1)).toThrow('IBM has 400 sessions');
    // Sequences of 30 are whole from the 49th session on: nine rows of the 28 that come first, so the first fold is empty.
    const short = featuresOf(bars.slice(0, 87));
    const looking = (lookback: number) => {
      const kind = { ...recordingKind([]), lookback: () => lookback };
      return walkForward(kind, [short], 1, { ...options, parameters: {}, stepSize: 7 })[0]!;
    };
    const [plain] = walkForward(linear, [short], 1, { ...options, stepSize: 7 });
    expect(looking(30).dates).toEqual(plain!.dates.slice(7));
    expect(looking(29).dates).toEqual(plain!.dates);
  });
});
