import type { Matrix } from '../model.ts';
import type { ForestKernel } from './forest-kernel.ts';
import type { ForestParameters } from './forest-parameters.ts';
import type { NodeTable } from './node-table.ts';

const PAGE_BYTES = 65_536;
const DEEPEST = 2 ** 31 - 1;

/** Grows regression trees on the same rows, one after the other, in a kernel's memory. */
export class TreeGrower {
  readonly #kernel: ForestKernel;
  readonly #order: Int32Array;
  readonly #features: Int32Array;
  readonly #values: Float64Array;
  readonly #rights: Int32Array;

  /**
   * Bins the columns of `X` `[nRows, nColumns]` in the kernel, which is this grower's from now on; `y` is `[nRows]`. Goes
   * on from `order`, the `featureOrder` of another on the same rows.
   */
  constructor(kernel: ForestKernel, X: Matrix, y: Float64Array, parameters: ForestParameters, order?: Int32Array) {
    const { nRows, nColumns, values } = X;
    const { maxDepth, minSamplesLeaf, maxFeatures, bootstrap, maxBins } = parameters;
    const deepest = maxDepth ?? DEEPEST;
    const nLeaves = Math.max(1, Math.min(Math.floor(nRows / minSamplesLeaf), 2 ** deepest));
    const missing = kernel.layOut(nRows, nColumns, nLeaves) - kernel.memory.buffer.byteLength;
    if (missing > 0) kernel.memory.grow(Math.ceil(missing / PAGE_BYTES));
    const { buffer } = kernel.memory;

    const column = new Float64Array(buffer, kernel.column.value, nRows);
    for (let feature = 0; feature < nColumns; feature++) {
      for (let row = 0; row < nRows; row++) column[row] = values[row * nColumns + feature]!;
      kernel.binFeature(feature, maxBins);
    }

    const centre = meanOf(y);
    const labels = new Float64Array(buffer, kernel.labels.value, nRows);
    let squares = 0;
    for (let row = 0; row < nRows; row++) {
      labels[row] = y[row]! - centre;
      squares += labels[row]! ** 2;
    }
    // Below this a decrease of the squared error is rounding, for example in a node whose labels are all equal.
    const leastGain = Number.EPSILON * squares;
    const nSampled = Math.max(1, Math.floor(maxFeatures * nColumns));
    kernel.prepare(deepest, minSamplesLeaf, nSampled, bootstrap, leastGain, centre);

    this.#kernel = kernel;
    this.#order = new Int32Array(buffer, kernel.features.value, nColumns);
    if (order !== undefined) this.#order.set(order);
    this.#features = new Int32Array(buffer, kernel.nodeFeatures.value, 2 * nLeaves);
    this.#values = new Float64Array(buffer, kernel.nodeValues.value, 2 * nLeaves);
    this.#rights = new Int32Array(buffer, kernel.nodeRights.value, 2 * nLeaves);
  }

  /** The features as the draws so far have left them, from which the next tree draws; a copy. */
  featureOrder(): Int32Array {
    return this.#order.slice();
  }

  /** Appends one tree to `nodes`; `seed` is a whole number below 2^32. */
  grow(seed: number, nodes: NodeTable): void {
    nodes.addTree(this.#kernel.grow(seed), this.#features, this.#values, this.#rights);
  }
}

/** The mean, exact for equal values. */
function meanOf(y: Float64Array): number {
  const first = y[0] ?? 0;
  return first + y.reduce((sum, value) => sum + (value - first), 0) / y.length;
}
