import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Matrix } from '../model.ts';
import { seededRandom } from '../random.ts';
import { KERNEL_SOURCES_SHA256 } from './forest-kernel-binary.ts';
import { decodeForest } from './forest-object.ts';
import { FOREST_DEFAULTS, type ForestParameters } from './forest-parameters.ts';
import { randomForest } from './random-forest.ts';

/** Rows with `nValues` distinct values in each feature, one constant feature among them, and labels full of noise. */
function roughRows(nRows: number, nColumns: number, nValues: number): { X: Matrix; y: Float64Array } {
  const random = seededRandom(nRows);
  const values = new Float64Array(nRows * nColumns).map(() => random.nextInt(nValues) - nValues / 2);
  for (let row = 0; row < nRows; row++) values[row * nColumns] = 7;
  const y = new Float64Array(nRows).map((_, row) => 0.02 * values[row * nColumns + 1]! + random.next());
  return { X: { nRows, nColumns, values }, y };
}

/** The nodes of a forest, tree after tree in preorder: `[feature, threshold]`, or `[-1, answer]` for a leaf. */
type PlainNodes = (readonly [feature: number, value: number])[];

/** The forest as its definition says, every sum anew, for features with at most `maxBins` distinct values. */
function plainForest(X: Matrix, y: Float64Array, parameters: ForestParameters, seed: number): PlainNodes {
  const { nTrees, maxDepth, minSamplesLeaf, maxFeatures, bootstrap } = parameters;
  const { nRows, nColumns } = X;
  const cell = (row: number, feature: number) => X.values[row * nColumns + feature]!;
  const seeds = seededRandom(seed);
  const features = Array.from({ length: nColumns }, (_, feature) => feature);
  const nodes: PlainNodes = [];
  for (let tree = 0; tree < nTrees; tree++) {
    const random = seededRandom(seeds.nextInt(2 ** 32));
    const draws = new Array<number>(nRows).fill(bootstrap ? 0 : 1);
    if (bootstrap) for (let draw = 0; draw < nRows; draw++) draws[random.nextInt(nRows)]! += 1;
    const meanOf = (rows: readonly number[]) =>
      rows.reduce((sum, row) => sum + draws[row]! * y[row]!, 0) / rows.reduce((sum, row) => sum + draws[row]!, 0);
    const errorOf = (rows: readonly number[]) => {
      const mean = meanOf(rows);
      return rows.reduce((sum, row) => sum + draws[row]! * (y[row]! - mean) ** 2, 0);
    };
    const grow = (rows: readonly number[], depth: number): void => {
      let best = { gain: 1e-9, feature: -1, threshold: 0 };
      if (rows.length >= 2 * minSamplesLeaf && depth < (maxDepth ?? Number.POSITIVE_INFINITY)) {
        const nSampled = Math.max(1, Math.floor(maxFeatures * nColumns));
        for (let tried = 0, varied = false; tried < nColumns && (tried < nSampled || !varied); tried++) {
          const drawn = tried + random.nextInt(nColumns - tried);
          [features[tried], features[drawn]] = [features[drawn]!, features[tried]!];
          const feature = features[tried]!;
          const values = [...new Set(rows.map((row) => cell(row, feature)))].sort((a, b) => a - b);
          varied ||= values.length > 1;
          for (let i = 1; i < values.length; i++) {
            const threshold = (values[i - 1]! + values[i]!) / 2;
            const left = rows.filter((row) => cell(row, feature) < threshold);
            const right = rows.filter((row) => cell(row, feature) >= threshold);
            if (Math.min(left.length, right.length) < minSamplesLeaf) continue;
            const gain = errorOf(rows) - errorOf(left) - errorOf(right);
            if (gain > best.gain) best = { gain, feature, threshold };
          }
        }
      }
      if (best.feature < 0) {
        nodes.push([-1, meanOf(rows)]);
        return;
      }
      nodes.push([best.feature, best.threshold]);
      for (const isLeft of [true, false]) {
        grow(
          rows.filter((row) => cell(row, best.feature) < best.threshold === isLeft),
          depth + 1,
        );
      }
    };
    grow(
      draws.flatMap((count, row) => (count > 0 ? [row] : [])),
      0,
    );
  }
  return nodes;
}

describe('the kernel', () => {
  it('is compiled from its sources as they are now', () => {
    const sources = new URL('./kernel/', import.meta.url);
    const hash = createHash('sha256');
    for (const file of readdirSync(sources).sort()) hash.update(readFileSync(new URL(file, sources)));
    expect(hash.digest('hex'), 'npm run build:forest-kernel').toBe(KERNEL_SOURCES_SHA256);
  });

  it.each<[string, number, number, Partial<ForestParameters>]>([
    ['on rows enough to go through every bin', 320, 70, { maxDepth: 3 }],
    ['on few rows for the bins', 90, 80, { maxDepth: null }],
    ['to its smallest leaves, without a bootstrap', 60, 9, { maxDepth: null, minSamplesLeaf: 2, bootstrap: false }],
    ['with one feature for each split, which may be the constant one', 70, 66, { maxDepth: null, maxFeatures: 0.1 }],
  ])('grows the trees of the definition %s', (_, nRows, nValues, overrides) => {
    const { X, y } = roughRows(nRows, 5, nValues);
    const parameters = { ...FOREST_DEFAULTS, nTrees: 4, maxFeatures: 0.6, ...overrides };
    const { nodes } = decodeForest(randomForest.fit(X, y, parameters, { seed: 3 }).toObject());
    const plain = plainForest(X, y, parameters, 3);
    expect([...nodes.features]).toEqual(plain.map(([feature]) => feature));
    expect(Math.max(...plain.map(([, value], node) => Math.abs(value - nodes.values[node]!)))).toBeLessThan(1e-12);
  });

  it('keeps nothing of the fits before, however large they were', () => {
    const small = roughRows(60, 4, 30);
    const large = roughRows(900, 9, 300);
    const bytes = () => JSON.stringify(randomForest.fit(small.X, small.y, FOREST_DEFAULTS, { seed: 1 }).toObject());
    const before = bytes();
    randomForest.fit(large.X, large.y, { ...FOREST_DEFAULTS, maxDepth: null }, { seed: 2 });
    expect(bytes()).toBe(before);
  });

  it('serves a fit that is started while another is under way', () => {
    const { X, y } = roughRows(200, 4, 90);
    const other = roughRows(300, 6, 90);
    const parameters = { ...FOREST_DEFAULTS, nTrees: 5 };
    const inner: string[] = [];
    const fitOther = () => JSON.stringify(randomForest.fit(other.X, other.y, parameters, { seed: 2 }).toObject());
    const options = { seed: 1, onProgress: () => void inner.push(fitOther()) };
    const outer = randomForest.fit(X, y, parameters, options).toObject();
    expect(outer).toEqual(randomForest.fit(X, y, parameters, { seed: 1 }).toObject());
    expect(new Set(inner)).toEqual(new Set([fitOther()]));
  });
});
