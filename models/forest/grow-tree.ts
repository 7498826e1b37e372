import type { Random } from '../random.ts';
import { type DrawnRows, improveSplit, type Split } from './best-split.ts';
import { type BinnedFeatures, thresholdBetween } from './binned-features.ts';
import type { ForestParameters } from './forest-parameters.ts';
import type { NodeTable } from './node-table.ts';
import { keepMarked, keepUnmarked, partitionMarked } from './partition-rows.ts';

/** A node still to be grown: its rows are `[start, end)` of every feature's list. */
interface PendingNode {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  /** Rows in it, those that the bootstrap drew twice counted twice. */
  readonly weight: number;
  /** Sum of their centred targets. */
  readonly sum: number;
  /** The node whose right child it is, -1 for roots and left children. */
  readonly rightOf: number;
  /** The buffer that its lists lie in. */
  readonly lists: Int32Array;
}

/**
 * Grows regression trees on the same binned rows, one after the other, in buffers that it keeps.
 *
 * The rows of a node lie in one segment of each feature's list, ascending by bin. Looking for a split is one pass along
 * a segment and splitting is a stable partition of the segments, so nothing is sorted or counted into bins below the
 * root. On 2,500 rows, where most nodes hold fewer rows than a histogram has bins, this is what makes it fast.
 */
export class TreeGrower {
  readonly #binned: BinnedFeatures;
  readonly #parameters: ForestParameters;
  readonly #nSampled: number;
  readonly #centre: number;
  readonly #centred: Float64Array;
  readonly #leastGain: number;
  readonly #drawn: DrawnRows;
  readonly #lists: Int32Array;
  /** Takes the right children of nodes in `#lists`, and the other way round, which spares copying them back. */
  readonly #otherLists: Int32Array;
  readonly #marks: Uint8Array;
  readonly #features: Int32Array;
  readonly #split: Split = { feature: -1, position: 0, gain: 0, leftWeight: 0, leftSum: 0 };

  /** `y` `[nRows]` belongs to the rows of `binned`; neither is changed. */
  constructor(binned: BinnedFeatures, y: Float64Array, parameters: ForestParameters) {
    const { nRows, nColumns } = binned;
    this.#binned = binned;
    this.#parameters = parameters;
    this.#nSampled = Math.max(1, Math.floor(parameters.maxFeatures * nColumns));
    this.#centre = meanOf(y);
    this.#centred = y.map((value) => value - this.#centre);
    // Below this a decrease of the squared error is rounding, for example in a node whose targets are all equal.
    this.#leastGain = Number.EPSILON * this.#centred.reduce((sum, value) => sum + value * value, 0);
    this.#drawn = { weights: new Float64Array(nRows).fill(1), sums: this.#centred.slice() };
    // One place more than entries: partitionMarked passes over it.
    this.#lists = new Int32Array(nColumns * nRows + 1);
    this.#otherLists = new Int32Array(nColumns * nRows + 1);
    this.#marks = new Uint8Array(nRows);
    this.#features = Int32Array.from({ length: nColumns }, (_, feature) => feature);
  }

  /** Appends one tree to `nodes`. */
  grow(random: Random, nodes: NodeTable): void {
    const { maxDepth, minSamplesLeaf } = this.#parameters;
    const deepest = maxDepth ?? Number.POSITIVE_INFINITY;
    const fewestToSplit = 2 * minSamplesLeaf;
    const split = this.#split;
    const pending: PendingNode[] = [this.#drawRoot(random)];
    nodes.startTree();
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      const { start, end, depth, weight, sum, rightOf, lists } = node;
      if (rightOf >= 0) nodes.setRight(rightOf);
      const maySplit = end - start >= fewestToSplit && depth < deepest;
      if (!maySplit || !this.#findSplit(node, random)) {
        nodes.addLeaf(this.#centre + sum / weight);
        continue;
      }
      const middle = start + split.position;
      const inner = nodes.addSplit(split.feature, this.#threshold(lists, split.feature, middle));
      const childrenMaySplit = depth + 1 < deepest;
      const keepLeft = childrenMaySplit && middle - start >= fewestToSplit;
      const keepRight = childrenMaySplit && end - middle >= fewestToSplit;
      const rightLists = this.#partition(node, middle, keepLeft, keepRight);
      const { leftWeight, leftSum } = split;
      pending.push(
        {
          start: middle,
          end,
          depth: depth + 1,
          weight: weight - leftWeight,
          sum: sum - leftSum,
          rightOf: inner,
          lists: rightLists,
        },
        { start, end: middle, depth: depth + 1, weight: leftWeight, sum: leftSum, rightOf: -1, lists },
      );
    }
  }

  /** Draws the rows of a tree and puts them at the front of every feature's list. */
  #drawRoot(random: Random): PendingNode {
    const { nRows, nColumns, order } = this.#binned;
    const { weights, sums } = this.#drawn;
    const marks = this.#marks;
    let end = nRows;
    if (this.#parameters.bootstrap) {
      weights.fill(0);
      for (let draw = 0; draw < nRows; draw++) weights[random.nextInt(nRows)]! += 1;
      end = 0;
      for (let row = 0; row < nRows; row++) {
        sums[row] = weights[row]! * this.#centred[row]!;
        end += marks[row] = weights[row]! > 0 ? 1 : 0;
      }
      for (let feature = 0; feature < nColumns; feature++) {
        keepMarked(order, feature * nRows, (feature + 1) * nRows, marks, this.#lists);
      }
    } else {
      this.#lists.set(order);
    }
    const sum = sums.reduce((total, value) => total + value, 0);
    return { start: 0, end, depth: 0, weight: nRows, sum, rightOf: -1, lists: this.#lists };
  }

  /**
   * Looks through a fresh sample of the features, and through further ones as long as all seen were constant in the
   * node, as scikit-learn does. Returns whether it found a split.
   */
  #findSplit(node: PendingNode, random: Random): boolean {
    const { nRows, nColumns } = this.#binned;
    const { lists, weight, sum } = node;
    const features = this.#features;
    const split = this.#split;
    split.gain = this.#leastGain;
    split.feature = -1;
    let seenVarying = false;
    for (let seen = 0; seen < nColumns && (seen < this.#nSampled || !seenVarying); seen++) {
      const drawn = seen + random.nextInt(nColumns - seen);
      const feature = features[drawn]!;
      features[drawn] = features[seen]!;
      features[seen] = feature;
      const from = feature * nRows + node.start;
      const to = feature * nRows + node.end;
      if ((lists[from]! & 255) === (lists[to - 1]! & 255)) continue;
      seenVarying = true;
      improveSplit(split, feature, lists, from, to, this.#drawn, weight, sum, this.#parameters.minSamplesLeaf);
    }
    return split.feature >= 0;
  }

  #threshold(lists: Int32Array, feature: number, middle: number): number {
    const at = feature * this.#binned.nRows + middle;
    return thresholdBetween(this.#binned, feature, lists[at - 1]! & 255, lists[at]! & 255);
  }

  /**
   * Partitions the node's segments and returns the buffer that holds those of the right child. A child that will not be
   * split needs none.
   */
  #partition(node: PendingNode, middle: number, keepLeft: boolean, keepRight: boolean): Int32Array {
    const { lists, start, end } = node;
    if (!keepLeft && !keepRight) return lists;
    const { nRows, nColumns } = this.#binned;
    const marks = this.#marks;
    const other = lists === this.#lists ? this.#otherLists : this.#lists;
    const ofSplit = this.#split.feature * nRows;
    for (let i = ofSplit + start; i < ofSplit + middle; i++) marks[lists[i]! >>> 8] = 1;
    for (let i = ofSplit + middle; i < ofSplit + end; i++) marks[lists[i]! >>> 8] = 0;
    for (let base = 0; base < nColumns * nRows; base += nRows) {
      if (!keepRight) keepMarked(lists, base + start, base + end, marks);
      else if (!keepLeft) keepUnmarked(lists, base + start, base + end, marks);
      else partitionMarked(lists, other, base + start, base + middle, base + end, marks);
    }
    return keepLeft && keepRight ? other : lists;
  }
}

/** The mean, exact for equal values. */
function meanOf(y: Float64Array): number {
  const first = y[0] ?? 0;
  return first + y.reduce((sum, value) => sum + (value - first), 0) / y.length;
}
