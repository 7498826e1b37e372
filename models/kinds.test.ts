import { beforeAll, describe, expect, it } from 'vitest';
import { seriesOf } from '../domain/dataset.ts';
import type { Json } from '../domain/identity.ts';
import { adjust } from '../market/adjustment.ts';
import { sampleBars, sampleSeries } from '../tests/sample-series.ts';
import { inputsOf, learningRows, withLookback } from './evaluation/learning-rows.ts';
import { walkForward } from './evaluation/raw-forecasts.ts';
import { buildFeatures } from './features/build-features.ts';
import type { State } from './checkpoints.ts';
import { KINDS, MODEL_KINDS, kindNamed, learnerNamed } from './kinds.ts';
import { rowRange } from './matrix.ts';
import type { Matrix, ModelKind } from './model.ts';

const features = buildFeatures(sampleSeries('IBM'));
const LOOKBACK = 4;
const rows = withLookback(learningRows(features, 5), LOOKBACK);

/** Small enough for a test where a kind can be made smaller. */
const SMALLER = { nTrees: 12, epochs: 3, units: 8, lookback: LOOKBACK };
/** Kinds whose fits may take long, with the fewest checkpoints that they then offer. */
const TAKES_LONG = new Map([
  ['random-forest', SMALLER.nTrees],
  ['lstm', SMALLER.epochs - 1],
]);
const parametersOf = (kind: ModelKind) =>
  kind.parameters(Object.fromEntries(Object.entries(SMALLER).filter(([name]) => name in kind.defaults)));
/** Rows to learn from and rows to forecast from, as wide as the kind looks back. */
function dataOf(kind: ModelKind): { X: Matrix; y: Float64Array; XTest: Matrix } {
  const inputs = inputsOf(features, rows.rows, kind.lookback?.(parametersOf(kind)) ?? 1);
  return { X: rowRange(inputs, 0, 400), y: rows.y.slice(0, 400), XTest: rowRange(inputs, 400, 500) };
}
const fit = (kind: ModelKind, X_: Matrix = dataOf(kind).X, y_: Float64Array = dataOf(kind).y, seed = 7) =>
  kind.fit(X_, y_, parametersOf(kind), { seed });
const saved = (kind: ModelKind) => JSON.parse(JSON.stringify(fit(kind).toObject())) as { [name: string]: Json };
const without = (object: { [name: string]: Json }, name: string) =>
  Object.fromEntries(Object.entries(object).filter(([field]) => field !== name));

describe('the table of kinds', () => {
  it('finds a kind by name and says what it knows when there is none', () => {
    for (const kind of KINDS) expect(kindNamed(kind.name)).toBe(kind);
    expect(() => kindNamed('prophet')).toThrow('no model kind "prophet". Known: naive, drift, linear, random-forest');
    expect(learnerNamed('linear')).toBe(MODEL_KINDS[2]);
    expect(() => learnerNamed('pooled-linear')).toThrow(expect.objectContaining({ code: 'MODEL_KIND_UNKNOWN' }));
  });

  it('holds each name once and tells baselines from candidates', () => {
    expect(new Set(KINDS.map(({ name }) => name)).size).toBe(KINDS.length);
    expect(KINDS.filter(({ role }) => role === 'baseline').map(({ name }) => name)).toEqual(['naive', 'drift']);
  });

  it('has a pooled variant of every candidate, and none of a baseline', () => {
    const names = KINDS.map(({ name }) => name);
    for (const { name, role, pooled } of KINDS) {
      if (!pooled) expect(names.includes(`pooled-${name}`), name).toBe(role === 'candidate');
    }
  });

  it('combines only kinds that stand before the ensemble', () => {
    const names = KINDS.map(({ name }) => name);
    const ensembles = KINDS.flatMap((kind) => ('members' in kind ? [kind] : []));
    expect(ensembles.map(({ name }) => name)).toEqual(['ensemble', 'pooled-ensemble']);
    for (const { name, members } of ensembles) {
      for (const member of members) expect(names.indexOf(member)).toBeLessThan(names.indexOf(name));
    }
    expect(kindNamed('ensemble')).toMatchObject({ members: ['random-forest', 'lstm'] });
  });
});

describe.each(MODEL_KINDS.map((kind) => [kind.name, kind] as const))('the kind %s', (name, kind) => {
  const { X, y, XTest } = dataOf(kind);
  beforeAll(async () => void (await kind.runtime?.load()));

  it('gives the same bytes for the same seed and data', () => {
    expect(JSON.stringify(fit(kind).toObject())).toBe(JSON.stringify(fit(kind).toObject()));
    expect(fit(kind).predict(XTest)).toEqual(fit(kind).predict(XTest));
  });

  it('predicts the same after being saved as text and loaded', () => {
    const loaded = kind.fromObject(saved(kind));
    expect(loaded.kind).toBe(name);
    expect(loaded.predict(XTest)).toEqual(fit(kind).predict(XTest));
    expect(JSON.stringify(loaded.toObject())).toBe(JSON.stringify(fit(kind).toObject()));
  });

  it('leaves its inputs unchanged', () => {
    const [XCopy, yCopy, XTestCopy] = [X.values.slice(), y.slice(), XTest.values.slice()];
    const parameters = parametersOf(kind);
    const parametersCopy = structuredClone(parameters);
    kind.fit(X, y, parameters, { seed: 1 }).predict(XTest);
    expect(X.values).toEqual(XCopy);
    expect(y).toEqual(yCopy);
    expect(XTest.values).toEqual(XTestCopy);
    expect(parameters).toEqual(parametersCopy);
  });

  it('keeps its answers when the training rows change afterwards', () => {
    const mutable = { ...X, values: X.values.slice() };
    const labels = y.slice();
    const model = fit(kind, mutable, labels);
    const before = model.predict(XTest);
    mutable.values.fill(99);
    labels.fill(99);
    expect(model.predict(XTest)).toEqual(before);
  });

  it('predicts each row by itself, and finite numbers', () => {
    const model = fit(kind);
    const together = model.predict(XTest);
    expect(together.every(Number.isFinite)).toBe(true);
    for (let row = 0; row < XTest.nRows; row += 9) {
      expect(model.predict(rowRange(XTest, row, row + 1))[0]).toBe(together[row]);
    }
    expect(model.predict(rowRange(XTest, 0, 0))).toHaveLength(0);
  });

  it('refuses rows with another number of features', () => {
    const narrow: Matrix = { nRows: 2, nColumns: X.nColumns - 1, values: new Float64Array(2 * (X.nColumns - 1)) };
    expect(() => fit(kind).predict(narrow)).toThrow(expect.objectContaining({ code: 'MODEL_INPUT_INVALID' }));
    expect(() => kind.fromObject(saved(kind)).predict(narrow)).toThrow(`${X.nColumns - 1}`);
  });

  it.each<[string, Matrix, Float64Array]>([
    ['no rows', rowRange(X, 0, 0), new Float64Array(0)],
    ['fewer labels than rows', X, y.slice(1)],
    ['a label that is no number', rowRange(X, 0, 2), Float64Array.of(0.1, Number.NaN)],
    [
      'a feature that is not finite',
      { nRows: 2, nColumns: 1, values: Float64Array.of(1, Infinity) },
      Float64Array.of(1, 2),
    ],
  ])('refuses to learn from %s', (_, XBad, yBad) => {
    expect(() => fit(kind, XBad, yBad)).toThrow(expect.objectContaining({ code: 'MODEL_INPUT_INVALID' }));
  });

  it('refuses a damaged object', () => {
    const whole = saved(kind);
    const damaged: Json[] = [null, 7, 'text', [], {}, { ...whole, kind: 'other' }];
    for (const field of Object.keys(whole)) {
      damaged.push(without(whole, field), { ...whole, [field]: 'x' }, { ...whole, [field]: null });
      const value = whole[field]!;
      if (Array.isArray(value) && value.length > 0) damaged.push({ ...whole, [field]: value.slice(1) });
    }
    for (const object of damaged) {
      const text = JSON.stringify(object).slice(0, 200);
      expect(() => kind.fromObject(object), text).toThrow(expect.objectContaining({ code: 'OBJECT_DAMAGED' }));
    }
  });

  it('refuses parameters that it does not have', () => {
    expect(kind.parameters({})).toEqual(kind.defaults);
    for (const overrides of [{ learningSpeed: 1 }, null, 3, ['x']]) {
      expect(() => kind.parameters(overrides)).toThrow(expect.objectContaining({ code: 'PARAMETER_INVALID' }));
    }
  });

  it('tells its progress, ascending to 1', () => {
    const fractions: number[] = [];
    kind.fit(X, y, parametersOf(kind), { seed: 1, onProgress: (fraction) => fractions.push(fraction) });
    expect(fractions.at(-1)).toBe(1);
    expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
    expect(fractions.every((fraction) => fraction >= 0 && fraction <= 1)).toBe(true);
  });

  it('stops with the reason it is given', () => {
    const reason = new Error('no longer wanted');
    const options = { seed: 1, signal: AbortSignal.abort(reason) };
    expect(() => kind.fit(X, y, parametersOf(kind), options)).toThrow(reason);
  });

  it('goes on from every checkpoint that it offers, to the same bytes, and offers none that was done before', () => {
    const whole = JSON.stringify(fit(kind).toObject());
    const states: State[] = [];
    const checkpoints = { offer: (state: () => State) => void states.push(structuredClone(state())) };
    const watched = kind.fit(X, y, parametersOf(kind), { seed: 7, checkpoints });
    expect(JSON.stringify(watched.toObject())).toBe(whole);
    expect(states.length).toBeGreaterThanOrEqual(TAKES_LONG.get(name) ?? 0);
    states.forEach((resumeFrom, i) => {
      const before = structuredClone(resumeFrom);
      const fractions: number[] = [];
      let offered = 0;
      const resumed = kind.fit(X, y, parametersOf(kind), {
        seed: 7,
        onProgress: (fraction) => fractions.push(fraction),
        checkpoints: { resumeFrom, offer: () => offered++ },
      });
      expect(JSON.stringify(resumed.toObject()), `from checkpoint ${i}`).toBe(whole);
      expect(resumed.predict(XTest)).toEqual(watched.predict(XTest));
      expect(offered).toBe(states.length - i - 1);
      expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
      expect(resumeFrom).toEqual(before);
    });
  });

  it('forecasts a constant where that is all it has seen', () => {
    const yHat = fit(kind, X, new Float64Array(X.nRows).fill(0.25)).predict(XTest);
    const expected = name === 'naive' ? 0 : 0.25;
    for (const value of yHat) expect(value).toBeCloseTo(expected, 12);
  });

  it('learns from 15 rows', () => {
    const yHat = fit(kind, rowRange(X, 0, 15), y.slice(0, 15)).predict(XTest);
    expect(yHat.every(Number.isFinite)).toBe(true);
  });

  it('forecasts the same up to a session whatever happens after it', () => {
    const bars = sampleBars('MSFT').slice(0, 330);
    const parameters = parametersOf(kind);
    const options = { window: 'all', seed: 3, parameters, stepSize: 15, scaleTargets: true } as const;
    const forecastsOn = (known: typeof bars) =>
      walkForward(kind, [buildFeatures(adjust(seriesOf(known), []))], 10, options)[0]!;
    const untouched = forecastsOn(bars);
    const last = untouched.dates[15]!;
    const changed = bars.map((bar) =>
      bar.date <= last ? bar : { ...bar, open: 40, high: 90, low: 10, close: 20 + (bar.volume % 50), volume: 5 },
    );
    const after = forecastsOn(changed);
    expect(after.raw.slice(0, 16)).toEqual(untouched.raw.slice(0, 16));
    expect(after.y.slice(16)).not.toEqual(untouched.y.slice(16));
  });
});
