import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rowRange } from '../matrix.ts';
import type { Matrix } from '../model.ts';
import { randomForest } from './random-forest.ts';

interface Oracle {
  readonly nTrain: number;
  readonly nTest: number;
  readonly nFeatures: number;
  readonly minSamplesLeaf: number;
  readonly nTrees: number;
  readonly tenThousandths: readonly number[];
  readonly y: readonly number[];
  readonly forests: readonly { readonly maxFeatures: number; readonly testR2: number }[];
  readonly tree: { readonly nRows: number; readonly fitted: readonly number[] };
}

// Made by tests/oracles/forest/make_friedman.py with scikit-learn.
const oracle = JSON.parse(
  readFileSync(new URL('../../tests/oracles/forest/friedman.json', import.meta.url), 'utf8'),
) as Oracle;
const X: Matrix = {
  nRows: oracle.nTrain + oracle.nTest,
  nColumns: oracle.nFeatures,
  values: Float64Array.from(oracle.tenThousandths, (value) => value / 10_000),
};
const y = Float64Array.from(oracle.y);
const { nTrain, nTrees, minSamplesLeaf } = oracle;

function rSquared(actual: Float64Array, yHat: Float64Array): number {
  const mean = actual.reduce((sum, value) => sum + value, 0) / actual.length;
  const residual = actual.reduce((sum, value, i) => sum + (value - yHat[i]!) ** 2, 0);
  return 1 - residual / actual.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

describe('the forest beside scikit-learn on Friedman #1', () => {
  it.each(oracle.forests)('has no lower test R2 with maxFeatures $maxFeatures', ({ maxFeatures, testR2 }) => {
    const seeds = [0, 1, 2, 3, 4];
    const parameters = randomForest.parameters({ nTrees, minSamplesLeaf, maxFeatures, maxDepth: null });
    const scores = seeds.map((seed) => {
      const model = randomForest.fit(rowRange(X, 0, nTrain), y.subarray(0, nTrain), parameters, { seed });
      return rSquared(y.subarray(nTrain), model.predict(rowRange(X, nTrain, X.nRows)));
    });
    const mean = scores.reduce((sum, score) => sum + score, 0) / seeds.length;
    expect(mean).toBeGreaterThan(testR2 - 0.01);
    // Far above would mean that the two no longer fit the same model.
    expect(mean).toBeLessThan(testR2 + 0.03);
  });

  it('grows the same tree when neither rows nor features are sampled', () => {
    const { nRows, fitted } = oracle.tree;
    const rows = rowRange(X, 0, nRows);
    const model = randomForest.fit(
      rows,
      y.slice(0, nRows),
      randomForest.parameters({ nTrees: 1, bootstrap: false, maxFeatures: 1, maxDepth: null, minSamplesLeaf }),
      { seed: 3 },
    );
    const yHat = model.predict(rows);
    expect(Math.max(...fitted.map((value, row) => Math.abs(value - yHat[row]!)))).toBeLessThan(1e-9);
  });
});
