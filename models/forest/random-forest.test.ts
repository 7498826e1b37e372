import fc from 'fast-check';
import { RandomForestRegression } from 'ml-random-forest';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../domain/identity.ts';
import type { Matrix } from '../model.ts';
import { seededRandom } from '../random.ts';
import { toMlRandomForest } from './ml-random-forest.ts';
import { randomForest } from './random-forest.ts';

/** `nRows` rows of which only the first two of `nColumns` features matter: `y = sin(6 a) + 2 b + noise`. */
function wavyRows(nRows: number, nColumns: number, seed: number): { X: Matrix; y: Float64Array } {
  const random = seededRandom(seed);
  const values = new Float64Array(nRows * nColumns).map(() => random.next());
  const y = new Float64Array(nRows).map((_, row) => {
    const [a, b] = values.subarray(row * nColumns, row * nColumns + 2);
    return Math.sin(6 * a!) + 2 * b! + 0.2 * (random.next() - 0.5);
  });
  return { X: { nRows, nColumns, values }, y };
}

const small = { nTrees: 20, maxDepth: null };
const fitSmall = (data: { X: Matrix; y: Float64Array }, overrides: { [name: string]: Json } = {}, seed = 1) =>
  randomForest.fit(data.X, data.y, randomForest.parameters({ ...small, ...overrides }), { seed });
const column = (...values: number[]): Matrix => ({
  nRows: values.length,
  nColumns: 1,
  values: Float64Array.from(values),
});

describe('randomForest', () => {
  it('predicts unseen rows far better than their mean', () => {
    const { X, y } = wavyRows(400, 5, 8);
    const unseen = wavyRows(200, 5, 9);
    const yHat = fitSmall({ X, y }, { maxFeatures: 1 }).predict(unseen.X);
    const mean = unseen.y.reduce((sum, value) => sum + value, 0) / unseen.y.length;
    const squared = (of: (row: number) => number): number =>
      unseen.y.reduce((sum, value, row) => sum + (value - of(row)) ** 2, 0);
    expect(1 - squared((row) => yHat[row]!) / squared(() => mean)).toBeGreaterThan(0.85);
  });

  it('gives the same bytes for the same seed and data, and others for another seed', () => {
    const data = wavyRows(150, 4, 1);
    const bytes = (seed: number): string => JSON.stringify(fitSmall(data, {}, seed).toObject());
    expect(bytes(5)).toBe(bytes(5));
    expect(bytes(5)).not.toBe(bytes(6));
  });

  it('answers the same after it was saved as JSON and loaded', () => {
    const data = wavyRows(150, 4, 1);
    const model = fitSmall(data);
    const object = JSON.parse(JSON.stringify(model.toObject())) as Json;
    const loaded = randomForest.fromObject(object);
    expect(loaded.predict(data.X)).toEqual(model.predict(data.X));
    expect(loaded.toObject()).toEqual(object);
    expect(loaded.kind).toBe('random-forest');
  });

  it('predicts exactly what ml-random-forest predicts from its JSON, also on thresholds', () => {
    // Whole numbers and their midpoints: many cells lie exactly on a threshold.
    const random = seededRandom(4);
    const X = { nRows: 120, nColumns: 3, values: new Float64Array(360).map(() => random.nextInt(12)) };
    const y = new Float64Array(120).map((_, row) => X.values[row * 3]! - 2 * X.values[row * 3 + 1]! + random.next());
    const asked = { nRows: 300, nColumns: 3, values: new Float64Array(900).map(() => random.nextInt(24) / 2) };
    for (const overrides of [{}, { nTrees: 6 }, { maxDepth: 2 }, { minSamplesLeaf: 200 }]) {
      const model = fitSmall({ X, y }, overrides);
      const theirs = RandomForestRegression.load(JSON.parse(JSON.stringify(toMlRandomForest(model))));
      const rows = Array.from({ length: asked.nRows }, (_, row) => [...asked.values.subarray(row * 3, row * 3 + 3)]);
      expect(theirs.predict(rows)).toEqual([...model.predict(asked)]);
    }
  });

  it('leaves its inputs unchanged', () => {
    const { X, y } = wavyRows(80, 3, 2);
    const [before, target] = [X.values.slice(), y.slice()];
    fitSmall({ X, y }).predict(X);
    expect(X.values).toEqual(before);
    expect(y).toEqual(target);
  });

  it('tells its progress tree by tree up to 1', () => {
    const { X, y } = wavyRows(60, 3, 2);
    const told: number[] = [];
    const parameters = randomForest.parameters({ nTrees: 7 });
    randomForest.fit(X, y, parameters, { seed: 1, onProgress: (fraction) => told.push(fraction) });
    expect(told).toHaveLength(7);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(1);
  });

  it('stops at the next tree when its signal is aborted, with the reason', () => {
    const { X, y } = wavyRows(60, 3, 2);
    const controller = new AbortController();
    let trees = 0;
    const onProgress = (): void => {
      trees++;
      if (trees === 3) controller.abort(new Error('no longer wanted'));
    };
    const options = { seed: 1, signal: controller.signal, onProgress };
    expect(() => randomForest.fit(X, y, randomForest.defaults, options)).toThrow('no longer wanted');
    expect(trees).toBe(3);
  });

  it('answers a constant target with that constant, up to the rounding of a mean of equal numbers', () => {
    const { X } = wavyRows(90, 3, 2);
    const yHat = fitSmall({ X, y: new Float64Array(90).fill(0.1) }).predict(X);
    expect(new Set(yHat).size).toBe(1);
    expect(yHat[0]).toBeCloseTo(0.1, 15);
  });

  it('learns from a single row', () => {
    expect([...fitSmall({ X: column(3), y: Float64Array.of(7) }).predict(column(-1, 3, 9))]).toEqual([7, 7, 7]);
  });

  it('never separates equal values, and splits between the two others', () => {
    const X = column(...new Array<number>(30).fill(1), ...new Array<number>(30).fill(2));
    const y = Float64Array.from({ length: 60 }, (_, row) => (row < 30 ? 0 : 10) + (row % 2));
    const model = fitSmall({ X, y }, { bootstrap: false, minSamplesLeaf: 1 });
    expect([...model.predict(column(1, 1.49, 1.5, 2))]).toEqual([0.5, 0.5, 10.5, 10.5]);
  });

  it('separates neighbouring floats and huge values', () => {
    for (const [a, b] of [
      [1, 1 + Number.EPSILON],
      [-Number.MAX_VALUE, Number.MAX_VALUE],
      [Number.MAX_VALUE * (1 - Number.EPSILON), Number.MAX_VALUE],
      [0, Number.MIN_VALUE],
    ] as const) {
      const model = fitSmall({ X: column(a, b), y: Float64Array.of(0, 1) }, { bootstrap: false, minSamplesLeaf: 1 });
      expect([...model.predict(column(a, b))]).toEqual([0, 1]);
    }
  });

  it('looks at further features when all that it drew are constant', () => {
    const values = new Float64Array(40 * 8);
    for (let row = 0; row < 40; row++) values[row * 8 + 5] = row;
    const y = Float64Array.from({ length: 40 }, (_, row) => (row < 20 ? -1 : 1));
    const model = fitSmall({ X: { nRows: 40, nColumns: 8, values }, y }, { maxFeatures: 0.1, bootstrap: false });
    expect(model.predict({ nRows: 40, nColumns: 8, values })).toEqual(y);
  });

  it('keeps to maxDepth, minSamplesLeaf and maxBins', () => {
    const X = column(...Array.from({ length: 64 }, (_, row) => row));
    const y = Float64Array.from(X.values, (value) => value ** 2);
    const answers = (overrides: { [name: string]: Json }): number[] => {
      const yHat = fitSmall({ X, y }, { nTrees: 1, bootstrap: false, minSamplesLeaf: 1, ...overrides }).predict(X);
      const counts = new Map<number, number>();
      for (const value of yHat) counts.set(value, (counts.get(value) ?? 0) + 1);
      return [...counts.values()];
    };
    expect(answers({})).toHaveLength(64);
    expect(answers({ maxDepth: 1 })).toHaveLength(2);
    expect(answers({ maxDepth: 3 })).toHaveLength(8);
    expect(Math.min(...answers({ minSamplesLeaf: 7 }))).toBeGreaterThanOrEqual(7);
    expect(answers({ maxBins: 4 })).toEqual([16, 16, 16, 16]);
  });

  it('answers every row with a value between the smallest and the largest target', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.double({ min: -1e6, max: 1e6, noNaN: true })), {
          minLength: 1,
          maxLength: 60,
        }),
        fc.integer({ min: 1, max: 4 }),
        (rows, minSamplesLeaf) => {
          const X = column(...rows.map(([x]) => x));
          const y = Float64Array.from(rows, ([, target]) => target);
          const slack = 1e-9 * Math.max(...y.map(Math.abs));
          const yHat = fitSmall({ X, y }, { nTrees: 3, minSamplesLeaf }).predict(X);
          return yHat.every((value) => value >= Math.min(...y) - slack && value <= Math.max(...y) + slack);
        },
      ),
      { numRuns: 200, seed: 1 },
    );
  });
});

describe('what randomForest refuses', () => {
  const refused = (problem: string) => expect.objectContaining({ code: 'MODEL_INPUT_INVALID', message: problem });
  const nan = { nRows: 2, nColumns: 2, values: Float64Array.of(1, 2, 3, Number.NaN) };

  it('names row and column of a cell that is no finite number, in fit and in predict', () => {
    const problem = 'random-forest: feature 1 of row 1 is NaN.';
    expect(() => fitSmall({ X: nan, y: Float64Array.of(1, 2) })).toThrow(refused(problem));
    const { X, y } = wavyRows(20, 2, 1);
    expect(() => fitSmall({ X, y }).predict(nan)).toThrow(refused(problem));
    expect(() => fitSmall({ X: column(1, 2), y: Float64Array.of(1, Number.POSITIVE_INFINITY) })).toThrow(
      refused('random-forest: the label of row 1 is Infinity.'),
    );
  });

  it('names sizes that do not fit together', () => {
    expect(() => fitSmall({ X: column(), y: new Float64Array(0) })).toThrow(
      refused('random-forest: there are no rows to learn from.'),
    );
    expect(() => fitSmall({ X: column(1, 2), y: Float64Array.of(1) })).toThrow(
      refused('random-forest: 2 rows of features have 1 labels.'),
    );
    expect(() => fitSmall({ X: column(1, 2), y: Float64Array.of(1, 2) }).predict(nan)).toThrow(
      refused('random-forest: fitted on 1 features, asked to predict from 2.'),
    );
    const empty = { nRows: 2, nColumns: 0, values: new Float64Array(0) };
    expect(() => fitSmall({ X: empty, y: new Float64Array(2) })).toThrow(
      refused('random-forest: X has 0 features, expected 1 to 32767.'),
    );
    const tall = { nRows: 2 ** 24 + 1, nColumns: 0, values: new Float64Array(0) };
    expect(() => fitSmall({ X: tall, y: new Float64Array(2 ** 24 + 1) })).toThrow(
      refused('random-forest: X has 16777217 rows, expected at most 16777216.'),
    );
    const wide = { nRows: 2 ** 17, nColumns: 2 ** 14, values: new Float64Array(0) };
    expect(() => fitSmall({ X: wide, y: new Float64Array(2 ** 17) })).toThrow(
      refused('random-forest: X has 2147483648 cells, expected at most 1073741824.'),
    );
  });

  it.each<[Json, string]>([
    [{ nTrees: 0 }, 'the parameter nTrees is 0, expected a whole number from 1 to 10000'],
    [{ nTrees: '9' }, 'the parameter nTrees is "9", expected a whole number from 1 to 10000'],
    [{ maxDepth: 1.5 }, 'the parameter maxDepth is 1.5, expected a whole number from 1 to 1000, or null'],
    [{ minSamplesLeaf: -1 }, 'the parameter minSamplesLeaf is -1, expected a whole number from 1 to 1000000'],
    [{ maxFeatures: 0 }, 'the parameter maxFeatures is 0, expected a number above 0 and at most 1'],
    [{ maxFeatures: Number.NaN }, 'the parameter maxFeatures is null, expected a number above 0 and at most 1'],
    [{ bootstrap: 1 }, 'the parameter bootstrap is 1, expected true or false'],
    [{ maxBins: 257 }, 'the parameter maxBins is 257, expected a whole number from 2 to 256'],
    [
      { trees: 5 },
      'there is no parameter "trees"; there are nTrees,maxDepth,minSamplesLeaf,maxFeatures,bootstrap,maxBins',
    ],
    [[], 'parameters must be an object, not []'],
  ])('names parameters that are not possible: %j', (overrides, problem) => {
    expect(() => randomForest.parameters(overrides)).toThrow(
      expect.objectContaining({ code: 'PARAMETER_INVALID', message: `random-forest: ${problem}.` }),
    );
  });

  it('completes parameters from the defaults', () => {
    expect(randomForest.parameters({})).toEqual(randomForest.defaults);
    expect(randomForest.parameters({ maxDepth: null, nTrees: 3 })).toEqual({
      ...randomForest.defaults,
      maxDepth: null,
      nTrees: 3,
    });
  });

  const whole = fitSmall(wavyRows(40, 2, 1), { nTrees: 2 }).toObject() as { readonly [name: string]: Json };
  const bytes = (numbers: readonly number[], values: Float64Array): { [name: string]: Json } => ({
    features: Buffer.from(Int16Array.from(numbers).buffer).toString('base64'),
    values: Buffer.from(values.buffer).toString('base64'),
  });

  it.each<[string, Json]>([
    ['it is not an object', 'forest'],
    ['its kind is "linear"', { ...whole, kind: 'linear' }],
    ['its format is 2, known is 1', { ...whole, format: 2 }],
    ['nFeatures is 0', { ...whole, nFeatures: 0 }],
    ['nTrees is "2"', { ...whole, nTrees: '2' }],
    ['tree 2 is cut off', { ...whole, nTrees: 3 }],
    ['features is not base64', { ...whole, features: '%' }],
    ['values is not a text', { ...whole, values: 5 }],
    ['features and values do not have the same length', { ...whole, features: (whole['features'] as string).slice(4) }],
    ['node 0 asks for feature 9', { ...whole, nTrees: 1, ...bytes([9, -1, -1], new Float64Array(3)) }],
    ['node 1 has the value NaN', { ...whole, nTrees: 1, ...bytes([0, -1, -1], Float64Array.of(1, Number.NaN, 1)) }],
    ['tree 0 is cut off', { ...whole, nTrees: 1, ...bytes([0, -1], new Float64Array(2)) }],
    ['there are 1 nodes after the last tree', { ...whole, nTrees: 1, ...bytes([-1, -1], new Float64Array(2)) }],
    [
      'feature 1 has 65536 thresholds',
      {
        ...whole,
        nTrees: 2 ** 16,
        ...bytes(
          Array.from({ length: 3 * 2 ** 16 }, (_, node) => (node % 3 === 0 ? 1 : -1)),
          Float64Array.from({ length: 3 * 2 ** 16 }, (_, node) => node),
        ),
      },
    ],
  ])('refuses a damaged object: %s', (problem, object) => {
    expect(() => randomForest.fromObject(object)).toThrow(
      expect.objectContaining({ code: 'OBJECT_DAMAGED', message: expect.stringContaining(problem) as string }),
    );
  });
});
