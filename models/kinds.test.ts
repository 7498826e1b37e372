import { describe, expect, it } from 'vitest';
import { seriesOf } from '../domain/dataset.ts';
import type { Json } from '../domain/identity.ts';
import { adjust } from '../market/adjustment.ts';
import { sampleBars, sampleSeries } from '../tests/sample-series.ts';
import { evaluate } from './evaluation/evaluate.ts';
import { labelledRows } from './evaluation/labelled-rows.ts';
import { buildFeatures } from './features/build-features.ts';
import { kindNamed, MODEL_KINDS } from './kinds.ts';
import { rowRange } from './matrix.ts';
import type { Matrix, ModelKind } from './model.ts';

const rows = labelledRows(buildFeatures(sampleSeries('IBM')), 5);
const X = rowRange(rows.X, 0, 400);
const y = rows.y.slice(0, 400);
const XTest = rowRange(rows.X, 400, 500);

/** Small enough for a test where a kind can be made smaller. */
const parametersOf = (kind: ModelKind) => kind.parameters('nTrees' in kind.defaults ? { nTrees: 12 } : {});
const fit = (kind: ModelKind, X_: Matrix = X, y_: Float64Array = y, seed = 7) =>
  kind.fit(X_, y_, parametersOf(kind), { seed });
const saved = (kind: ModelKind) => JSON.parse(JSON.stringify(fit(kind).toObject())) as { [name: string]: Json };
const without = (object: { [name: string]: Json }, name: string) =>
  Object.fromEntries(Object.entries(object).filter(([field]) => field !== name));

describe('the table of kinds', () => {
  it('finds a kind by name and says what it knows when there is none', () => {
    for (const kind of MODEL_KINDS) expect(kindNamed(kind.name)).toBe(kind);
    expect(() => kindNamed('prophet')).toThrow('no model kind "prophet". Known: naive, drift, linear, random-forest');
  });

  it('holds each name once and tells baselines from candidates', () => {
    expect(new Set(MODEL_KINDS.map(({ name }) => name)).size).toBe(MODEL_KINDS.length);
    expect(MODEL_KINDS.filter(({ role }) => role === 'baseline').map(({ name }) => name)).toEqual(['naive', 'drift']);
  });
});

describe.each(MODEL_KINDS.map((kind) => [kind.name, kind] as const))('the kind %s', (name, kind) => {
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
    expect(() => kind.fromObject(saved(kind)).predict(narrow)).toThrow(/12|11/);
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
    const options = { window: 'all', seed: 3, parameters: parametersOf(kind), stepSize: 15 } as const;
    const forecastsOn = (known: typeof bars) =>
      evaluate(kind, buildFeatures(adjust(seriesOf(known), [])), 10, options).forecasts;
    const untouched = forecastsOn(bars);
    const last = untouched.dates[15]!;
    const changed = bars.map((bar) =>
      bar.date <= last ? bar : { ...bar, open: 40, high: 90, low: 10, close: 20 + (bar.volume % 50), volume: 5 },
    );
    const after = forecastsOn(changed);
    expect(after.yHat.slice(0, 16)).toEqual(untouched.yHat.slice(0, 16));
    expect(after.y.slice(16)).not.toEqual(untouched.y.slice(16));
  });
});
