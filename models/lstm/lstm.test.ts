import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Json } from '../../domain/identity.ts';
import { runTypeScript } from '../../tests/support/run-typescript.ts';
import type { State } from '../checkpoints.ts';
import { rowRange } from '../matrix.ts';
import type { FitOptions, Matrix } from '../model.ts';
import { type Random, seededRandom } from '../random.ts';
import { lstm } from './lstm.ts';
import { installedBackends, loadBackend } from './tensorflow.ts';

const N_FEATURES = 3;
const LOOKBACK = 8;

/**
 * Rows over one series of sessions, as they come from a ticker's history. The label follows the first feature two
 * sessions earlier, if the second was above its mean then, and noise.
 */
function planted(nRows: number, random: Random) {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const series = Float64Array.from({ length: (nRows + LOOKBACK) * N_FEATURES }, () => 0.01 * normal() + 0.3);
  const values = new Float64Array(nRows * LOOKBACK * N_FEATURES);
  const y = new Float64Array(nRows);
  for (let row = 0; row < nRows; row++) {
    const first = row * N_FEATURES;
    values.set(series.subarray(first, first + LOOKBACK * N_FEATURES), row * LOOKBACK * N_FEATURES);
    const then = first + (LOOKBACK - 3) * N_FEATURES;
    const [a, b] = [series[then]! - 0.3, series[then + 1]! - 0.3];
    y[row] = (b > 0 ? 100 * a : 0) + 0.3 * normal();
  }
  const X: Matrix = { nRows, nColumns: LOOKBACK * N_FEATURES, values };
  return { X, y };
}

const { X, y } = planted(400, seededRandom(1));
const small = lstm.parameters({ lookback: LOOKBACK, units: 8, epochs: 3, purge: 5 });
const fit = (overrides: Json = {}, options: FitOptions = { seed: 7 }, X_ = X, y_ = y) =>
  lstm.fit(X_, y_, { ...small, ...(overrides as object) }, options);
const epochsOf = (overrides: Json, X_ = X, y_ = y) => {
  const fractions: number[] = [];
  fit(overrides, { seed: 3, onProgress: (fraction) => fractions.push(fraction) }, X_, y_);
  return fractions.length - 1;
};

describe.each(await installedBackends())('lstm on %s', (backend) => {
  beforeAll(async () => {
    expect(await loadBackend(backend)).toBe(backend === 'wasm' ? 'tfjs-wasm 4.22.0' : 'tfjs-node 4.22.0');
  });

  it('learns what an earlier session tells', () => {
    const train = planted(1200, seededRandom(3));
    const { X: XTest, y: yTest } = planted(300, seededRandom(2));
    const parameters = lstm.parameters({ ...small, units: 16, epochs: 60, patience: 15, learningRate: 0.01 });
    const yHat = lstm.fit(train.X, train.y, parameters, { seed: 1 }).predict(XTest);
    const error = yHat.reduce((sum, value, i) => sum + (value - yTest[i]!) ** 2, 0);
    const total = yTest.reduce((sum, value) => sum + value ** 2, 0);
    // The noise leaves at most 0.85.
    expect(1 - error / total).toBeGreaterThan(0.6);
  });

  it('gives the same bytes for the same seed and others for another', () => {
    const bytes = (seed: number) => JSON.stringify(fit({}, { seed }).toObject());
    expect(bytes(7)).toBe(bytes(7));
    expect(bytes(8)).not.toBe(bytes(7));
  });

  it('predicts the same after being saved as text and loaded, from a text no longer than its weights', () => {
    const text = JSON.stringify(fit().toObject());
    const loaded = lstm.fromObject(JSON.parse(text));
    expect(loaded.predict(X)).toEqual(fit().predict(X));
    expect(JSON.stringify(loaded.toObject())).toBe(text);
    expect(text.length).toBeLessThan(393 * 5.5 + 500);
  });

  it('looks for its signal between batches', () => {
    const stop = new AbortController();
    const reason = new Error('no longer wanted');
    const told: number[] = [];
    const options = {
      seed: 1,
      signal: stop.signal,
      onProgress: (fraction: number) => {
        told.push(fraction);
        if (told.length === 2) stop.abort(reason);
      },
    };
    expect(() => fit({ epochs: 5 }, options)).toThrow(reason);
    expect(told).toEqual([0.2, 0.4]);
  });

  it('stops when the newest rows have not been forecast better for long enough', () => {
    const random = seededRandom(5);
    const noise = y.map(() => random.next() - 0.5);
    expect(epochsOf({ epochs: 200, patience: 3, learningRate: 0.01 }, X, noise)).toBeLessThan(50);
    expect(epochsOf({ epochs: 12, patience: 12 })).toBe(12);
  });

  it.each([
    ['that stops early', { epochs: 200, patience: 8, learningRate: 0.01 }],
    ['without validation', { epochs: 6, validationShare: 0 }],
    ['in small batches', { epochs: 5, batchSize: 7 }],
  ])('goes on from every epoch of a training %s, to the same bytes', (_, overrides) => {
    const random = seededRandom(5);
    const noise = y.map(() => random.next() - 0.5);
    const states: State[] = [];
    const offer = (state: () => State) => void states.push(structuredClone(state()));
    const text = JSON.stringify(fit(overrides, { seed: 3, checkpoints: { offer } }, X, noise).toObject());
    expect(states.length).toBeGreaterThan(3);
    for (const resumeFrom of states) {
      const checkpoints = { resumeFrom, offer: () => undefined };
      expect(JSON.stringify(fit(overrides, { seed: 3, checkpoints }, X, noise).toObject())).toBe(text);
    }
  });

  it('keeps the mean forecast when every epoch forecasts the newest rows worse', () => {
    // What held for the rows trained on is reversed in those that come after.
    const reversed = y.map((label, row) => (row < 300 ? label : -label));
    const model = fit({ epochs: 20, learningRate: 0.01 }, { seed: 1 }, X, reversed);
    const nTrained = 400 - 80 - 5;
    const mean = reversed.subarray(0, nTrained).reduce((sum, label) => sum + label, 0) / nTrained;
    for (const value of model.predict(X)) expect(value).toBeCloseTo(mean, 10);
  });

  it('learns nothing from the rows between those trained on and those validated on', () => {
    const changed = y.map((label, row) => (row >= 400 - 80 - 5 && row < 400 - 80 ? 50 : label));
    expect(JSON.stringify(fit({}, { seed: 1 }, X, changed).toObject())).toBe(
      JSON.stringify(fit({}, { seed: 1 }).toObject()),
    );
  });

  it('standardises by the rows trained on, so that scale and offset of features and labels do not matter', () => {
    const moved = { ...X, values: X.values.map((value, i) => (i % N_FEATURES === 1 ? 1000 * value - 5 : value)) };
    const movedLabels = y.map((label) => 1e-3 * label + 7);
    const plain = fit().predict(X);
    const yHat = fit({}, { seed: 7 }, moved, movedLabels).predict(moved);
    yHat.forEach((value, i) => expect(value).toBeCloseTo(1e-3 * plain[i]! + 7, 5));
  });

  it('trains on all rows, briefly, where history is too short to set some aside', () => {
    expect(epochsOf({ epochs: 40, patience: 4, purge: 5 }, rowRange(X, 0, 15), y.slice(0, 15))).toBe(4);
    expect(epochsOf({ epochs: 6, patience: 4, validationShare: 0 })).toBe(4);
  });
});

describe('lstm', () => {
  it('needs as many columns as sessions of equally many features', () => {
    expect(lstm.lookback?.(lstm.defaults)).toBe(20);
    expect(() => fit({ lookback: 7 })).toThrow(/rows of 24 numbers can't hold 7 sessions/);
    expect(() => fit().predict(rowRange({ ...X, nColumns: 12 }, 0, 1))).toThrow(/fitted on 24 features/);
  });

  it.each<[Json, string]>([
    [{ units: 12 }, 'units is 12, expected a multiple of 8 from 8 to 512'],
    [{ units: 0 }, 'expected a multiple of 8'],
    [{ lookback: 0 }, 'from 1 to 250'],
    [{ epochs: 1.5 }, 'a whole number'],
    [{ batchSize: '64' }, 'batchSize is "64"'],
    [{ learningRate: 0 }, 'from 0.000001 to 1'],
    [{ validationShare: 0.6 }, 'from 0 to 0.5'],
    [{ dropout: 0.1 }, 'no parameter "dropout"'],
  ])('refuses the parameters %j', (parameters, problem) => {
    expect(() => lstm.parameters(parameters)).toThrow(problem);
  });

  it.each<[string, (whole: { [name: string]: Json }) => Json]>([
    ['cut off weights', (whole) => ({ ...whole, weights: (whole.weights as string).slice(4) })],
    ['weights that are no base64', (whole) => ({ ...whole, weights: `*${(whole.weights as string).slice(1)}` })],
    [
      'weights with an infinite number',
      (whole) => ({ ...whole, weights: `AACAfw${(whole.weights as string).slice(6)}` }),
    ],
    ['other units', (whole) => ({ ...whole, units: 16 })],
    ['units that are no whole strips', (whole) => ({ ...whole, units: 7 })],
    ['a negative scale', (whole) => ({ ...whole, scale: [1, -1, 1] })],
    ['another kind', (whole) => ({ ...whole, kind: 'linear' })],
  ])('refuses an object with %s', (_, damage) => {
    const whole = JSON.parse(JSON.stringify(fit().toObject())) as { [name: string]: Json };
    expect(() => lstm.fromObject(damage(whole))).toThrow(expect.objectContaining({ code: 'OBJECT_DAMAGED' }));
  });

  it('asks for its runtime before the first fit', async () => {
    vi.resetModules();
    const { lstm: unloaded } = await import('./lstm.ts');
    expect(() => unloaded.fit(X, y, small, { seed: 1 })).toThrow('await the runtime');
    const name = await unloaded.runtime!.load();
    expect(name).toMatch(/^tfjs-(wasm|node) \d+\.\d+\.\d+$/);
    expect(await unloaded.runtime!.load()).toBe(name);
    expect(unloaded.fit(X, y, small, { seed: 1 }).kind).toBe('lstm');
  });

  it('predicts without TensorFlow', async () => {
    const object = JSON.stringify(fit().toObject());
    const run = runTypeScript(`
      import { createRequire } from 'node:module';
      import { lstm } from './models/lstm/lstm.ts';
      const model = lstm.fromObject(${object});
      const yHat = model.predict({ nRows: 1, nColumns: 24, values: new Float64Array(24) });
      const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('tensorflow'));
      console.log(JSON.stringify([...yHat, loaded.length, globalThis._tfengine === undefined]));
    `);
    const expected = fit().predict({ nRows: 1, nColumns: 24, values: new Float64Array(24) });
    expect(JSON.parse((await run.line())!)).toEqual([expected[0], 0, true]);
    expect(await run.exited).toBe(0);
  });

  it('loads TensorFlow without a word', async () => {
    const run = runTypeScript(`
      import { lstm } from './models/lstm/lstm.ts';
      const write = process.stderr.write.bind(process.stderr);
      let said = '';
      process.stderr.write = (text) => { said += text; return true; };
      const name = await lstm.runtime.load();
      process.stderr.write = write;
      console.log(JSON.stringify([name, said]));
    `);
    expect(JSON.parse((await run.line())!)).toEqual([expect.stringMatching(/^tfjs-/), '']);
    expect(await run.exited).toBe(0);
  });
});
