// Grows regression trees on binned rows, one after the other: the whole of it in AssemblyScript with SIMD, because a
// forest's time goes into three short loops over bytes and pairs of numbers. `npm run build:forest-kernel` compiles it
// into forest-kernel-binary.ts.
import { bestBin, bestFeature, bestRows, bestSum, bestWeight, ONE_ROW, startNode, tryFeature } from './best-split';
import { thresholdBetween } from './bin-feature';
import {
  BINS,
  bins,
  draws,
  features,
  histogram,
  labels,
  nColumns,
  nodeFeatures,
  nodeRights,
  nodeValues,
  nRows,
  pairs,
  pending,
  rows,
  seen,
  spare,
} from './memory';
import { nextInt, startRandom } from './random';

export { binFeature } from './bin-feature';
export { column, features, labels, layOut, nodeFeatures, nodeRights, nodeValues } from './memory';

const LEAF: i32 = -1;

let maxDepth: i32 = 0;
let minSamplesLeaf: i32 = 1;
let nSampled: i32 = 1;
let bootstrap: bool = true;
let leastGain: f64 = 0;
let centre: f64 = 0;

/** Says how trees are to be grown. Each split looks at `sampled` features; leaves add `meanLabel` to their answers. */
export function prepare(
  deepest: i32,
  fewest: i32,
  sampled: i32,
  resampled: bool,
  smallestGain: f64,
  meanLabel: f64,
): void {
  maxDepth = deepest;
  minSamplesLeaf = fewest;
  nSampled = sampled;
  bootstrap = resampled;
  leastGain = smallestGain;
  centre = meanLabel;
  memory.fill(histogram, 0, 16 * BINS);
  memory.fill(seen, 0, BINS / 8);
  for (let feature = 0; feature < nColumns; feature++) store<i32>(features + (feature << 2), feature);
}

/** Grows a tree, writes its nodes and returns how many there are. */
export function grow(seed: u32): i32 {
  startRandom(seed);
  drawRoot();
  let size = 0;
  for (let nPending = 1; nPending > 0; ) {
    nPending--;
    const node = pending + (nPending << 5);
    const start = load<i32>(node);
    const end = load<i32>(node, 4);
    const depth = load<i32>(node, 8);
    const rightOf = load<i32>(node, 12);
    const weight = load<f64>(node, 16);
    const sum = load<f64>(node, 24);
    if (rightOf >= 0) store<i32>(nodeRights + (rightOf << 2), size);
    const maySplit = end - start >= 2 * minSamplesLeaf && depth < maxDepth;
    if (!maySplit || !findSplit(start, end, weight, sum)) {
      addNode(size++, LEAF, centre + sum / weight);
      continue;
    }
    const middle = start + bestRows;
    const childMaySplit = depth + 1 < maxDepth && max(middle - start, end - middle) >= 2 * minSamplesLeaf;
    const nextBin = childMaySplit ? partition(start, end) : lowestOnTheRight(start, end);
    addNode(size, bestFeature, thresholdBetween(bestFeature, bestBin, nextBin));
    setPending(nPending++, middle, end, depth + 1, size, weight - bestWeight, sum - bestSum);
    setPending(nPending++, start, middle, depth + 1, -1, bestWeight, bestSum);
    size++;
  }
  return size;
}

/** Draws the rows of a tree. */
function drawRoot(): void {
  if (bootstrap) {
    memory.fill(draws, 0, nRows << 2);
    for (let draw = 0; draw < nRows; draw++) {
      const count = draws + (nextInt(nRows) << 2);
      store<i32>(count, load<i32>(count) + 1);
    }
  }
  let nDrawn = 0;
  let total: f64 = 0;
  for (let row = 0; row < nRows; row++) {
    const count = bootstrap ? load<i32>(draws + (row << 2)) : 1;
    const sum = count * load<f64>(labels + (row << 3));
    store<f64>(pairs + (row << 4), count + ONE_ROW);
    store<f64>(pairs + (row << 4), sum, 8);
    total += sum;
    store<i32>(rows + (nDrawn << 2), row);
    nDrawn += <i32>(count > 0);
  }
  setPending(0, 0, nDrawn, 0, -1, nRows, total);
}

/**
 * Looks through a fresh sample of the features, and through further ones as long as all seen were constant in the node,
 * as scikit-learn does. Returns whether it found a split.
 */
function findSplit(start: i32, end: i32, weight: f64, sum: f64): bool {
  startNode(start, end, weight, sum, minSamplesLeaf, leastGain);
  let varied = false;
  for (let nTried = 0; nTried < nColumns && (nTried < nSampled || !varied); nTried++) {
    const drawn = features + ((nTried + nextInt(nColumns - nTried)) << 2);
    const feature = load<i32>(drawn);
    store<i32>(drawn, load<i32>(features + (nTried << 2)));
    store<i32>(features + (nTried << 2), feature);
    if (tryFeature(feature)) varied = true;
  }
  return bestFeature >= 0;
}

/** Puts the node's rows that go left before the others, both in order, and returns the lowest bin among the others. */
function partition(start: i32, end: i32): i32 {
  const ofRow = bins + <usize>bestFeature * nRows;
  const cut = bestBin;
  const stop = rows + (end << 2);
  let left = rows + (start << 2);
  let right = spare;
  let lowest = BINS;
  for (let at = left; at < stop; at += 4) {
    const row = load<u32>(at);
    const bin = <i32>load<u8>(ofRow + row);
    const goesRight = <i32>(bin > cut);
    // Written to both sides, of which one moves on: a branch would be guessed wrong half of the time.
    store<u32>(left, row);
    store<u32>(right, row);
    left += 4 - (goesRight << 2);
    right += goesRight << 2;
    lowest = min(lowest, goesRight ? bin : BINS);
  }
  memory.copy(left, spare, right - spare);
  return lowest;
}

/** What `partition` returns, for a node whose children will be leaves and need no rows. */
function lowestOnTheRight(start: i32, end: i32): i32 {
  const ofRow = bins + <usize>bestFeature * nRows;
  const cut = bestBin;
  const stop = rows + (end << 2);
  let lowest = BINS;
  for (let at = rows + (start << 2); at < stop; at += 4) {
    const bin = <i32>load<u8>(ofRow + load<u32>(at));
    lowest = min(lowest, bin > cut ? bin : BINS);
  }
  return lowest;
}

function addNode(node: i32, feature: i32, value: f64): void {
  store<i32>(nodeFeatures + (node << 2), feature);
  store<f64>(nodeValues + (node << 3), value);
}

/** Notes a node that is still to be grown; `rightOf` is the node whose right child it is, or -1. */
function setPending(place: i32, start: i32, end: i32, depth: i32, rightOf: i32, weight: f64, sum: f64): void {
  const node = pending + (place << 5);
  store<i32>(node, start);
  store<i32>(node, end, 4);
  store<i32>(node, depth, 8);
  store<i32>(node, rightOf, 12);
  store<f64>(node, weight, 16);
  store<f64>(node, sum, 24);
}
