import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Matrix } from '../model.ts';
import { choleskySolve } from './cholesky.ts';
import { linear } from './ridge.ts';

interface Oracle {
  readonly train: { readonly nColumns: number; readonly X: number[]; readonly y: number[] };
  readonly XTest: number[];
  readonly fits: { readonly alpha: number; readonly yHat: number[] }[];
}
const oracle: Oracle = JSON.parse(
  readFileSync(new URL('../../tests/oracles/linear/ridge.json', import.meta.url), 'utf8'),
);
const matrix = (values: readonly number[], nColumns: number): Matrix => ({
  nRows: values.length / nColumns,
  nColumns,
  values: Float64Array.from(values),
});
const X = matrix(oracle.train.X, oracle.train.nColumns);
const y = Float64Array.from(oracle.train.y);

describe('linear', () => {
  it.each(oracle.fits)("predicts as scikit-learn's Ridge at alpha $alpha, to 1e-9", ({ alpha, yHat }) => {
    const model = linear.fit(X, y, { alpha }, { seed: 1 });
    const actual = model.predict(matrix(oracle.XTest, X.nColumns));
    expect(actual).toHaveLength(yHat.length);
    actual.forEach((value, i) => expect(Math.abs(value - yHat[i]!)).toBeLessThan(1e-9));
  });

  it('recovers a plain slope without penalty and half of it at alpha 1', () => {
    const line = matrix([1, 2, 3], 1);
    const labels = Float64Array.of(2, 4, 6);
    const next = matrix([4], 1);
    expect(linear.fit(line, labels, { alpha: 1e-9 }, { seed: 1 }).predict(next)[0]).toBeCloseTo(8, 7);
    expect(linear.fit(line, labels, { alpha: 1 }, { seed: 1 }).predict(next)[0]).toBeCloseTo(6, 12);
  });

  it('shrinks alike however often the same rows are repeated', () => {
    const twice = matrix([...oracle.train.X, ...oracle.train.X], X.nColumns);
    const labels = Float64Array.from([...oracle.train.y, ...oracle.train.y]);
    const once = linear.fit(X, y, { alpha: 0.5 }, { seed: 1 }).predict(X);
    const again = linear.fit(twice, labels, { alpha: 0.5 }, { seed: 1 }).predict(X);
    again.forEach((value, i) => expect(value).toBeCloseTo(once[i]!, 12));
  });

  it('gives constant features no weight, whatever they are later', () => {
    const constant = matrix([1, 0.1, 2, 0.1, 3, 0.1, 4, 0.1, 5, 0.1, 6, 0.1, 7, 0.1], 2);
    const model = linear.fit(constant, Float64Array.of(1, 2, 3, 4, 5, 6, 7), { alpha: 0.1 }, { seed: 1 });
    expect(model.predict(matrix([3, 999], 2))).toEqual(model.predict(matrix([3, 0.1], 2)));
  });

  it.each([
    [{ alpha: 0 }, 'alpha is 0'],
    [{ alpha: '1' }, 'alpha is "1"'],
    [{ alpha: 1e7 }, 'from 1e-9 to 1e6'],
    [{ lambda: 1 }, 'no parameter "lambda"; there are alpha'],
    [[1], 'must be an object'],
  ])('refuses the parameters %j', (parameters, problem) => {
    expect(() => linear.parameters(parameters)).toThrow(problem);
  });
});

describe('choleskySolve', () => {
  it('solves a small system exactly', () => {
    const x = choleskySolve(Float64Array.of(4, 0, 2, 5), Float64Array.of(10, 17));
    expect([...x].map((value) => Number(value.toFixed(12)))).toEqual([1, 3]);
  });

  it('says when the matrix is not positive definite', () => {
    expect(() => choleskySolve(Float64Array.of(1, 2, 2, 1), Float64Array.of(1, 1))).toThrow(RangeError);
  });
});
