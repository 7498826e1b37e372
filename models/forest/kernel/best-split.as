import { BINS, bins, histogram, nBins, nodePairs, nRows, pairs, rows, seen } from './memory';

// A row's pair: how often the tree draws it plus ONE_ROW, and that many times its label. In a sum of pairs, the first
// keeps two counts at once: draws and, in the fraction, distinct rows, at most 2^24 of either.
export const ONE_ROW: f64 = 1.0 / 67108864.0;

/** The best cut so far: `bestRows` rows go left, those whose bin is at most `bestBin`. No feature is -1. */
export let bestFeature: i32 = -1;
export let bestBin: i32 = 0;
export let bestRows: i32 = 0;
export let bestWeight: f64 = 0;
export let bestSum: f64 = 0;
let bestGain: f64 = 0;

/** The node: its rows, their number, draws and mean label, and the bounds of distinct rows that may go left. */
let own: usize = 0;
let nOwn: i32 = 0;
let weight: f64 = 0;
let mean: f64 = 0;
let leastLeft: f64 = 0;
let mostLeft: f64 = 0;

/**
 * Turns to the node whose rows are at `[start, end)`, which draws `nodeWeight` with the sum `nodeSum`. A cut must lessen
 * the squared error by more than `leastGain`, and leave `minSamplesLeaf` distinct rows on both sides.
 */
export function startNode(
  start: i32,
  end: i32,
  nodeWeight: f64,
  nodeSum: f64,
  minSamplesLeaf: i32,
  leastGain: f64,
): void {
  own = rows + (start << 2);
  nOwn = end - start;
  weight = nodeWeight;
  mean = nodeSum / nodeWeight;
  leastLeft = minSamplesLeaf * ONE_ROW;
  mostLeft = (nOwn - minSamplesLeaf) * ONE_ROW;
  bestFeature = -1;
  bestGain = leastGain / nodeWeight;
  const from = own;
  const to = nodePairs;
  for (let i = 0; i < nOwn; i++) v128.store(to + (i << 4), v128.load(pairs + (load<u32>(from + (i << 2)) << 4)));
}

/** Tries all cuts of the node by a feature. Returns false when all its rows have the same bin. */
export function tryFeature(feature: i32): bool {
  const ofRow = bins + <usize>feature * nRows;
  // Locals, since globals lie in memory.
  const from = own;
  const ofBin = histogram;
  const added = nodePairs;
  const n = nOwn;
  for (let i = 0; i < n; i++) {
    const at = ofBin + (<usize>load<u8>(ofRow + load<u32>(from + (i << 2))) << 4);
    v128.store(at, f64x2.add(v128.load(at), v128.load(added + (i << 4))));
  }
  const all = load<i32>(nBins + (feature << 2));
  // Where there are few rows for the bins, it is faster to go through those alone that have some.
  if (8 * n < 5 * all) markSeen(ofRow);
  else markAll(all);

  const total = weight;
  const average = mean;
  const ofFirst = ofBin + (<usize>load<u8>(ofRow + load<u32>(from)) << 4);
  const varies = load<f64>(ofFirst) !== total + n * ONE_ROW;
  const zero = i64x2.splat(0);
  let left = zero;
  for (let first = 0; first < BINS; first += 64) {
    const word = seen + (first >> 3);
    let bits = load<u64>(word);
    store<u64>(word, 0);
    while (bits !== 0) {
      const bin = first + <i32>ctz(bits);
      bits &= bits - 1;
      const at = ofBin + (bin << 4);
      left = f64x2.add(left, v128.load(at));
      v128.store(at, zero);
      tryCut(feature, bin, left, total, average);
    }
  }
  return varies;
}

function markSeen(ofRow: usize): void {
  const from = own;
  const bits = seen;
  const n = nOwn;
  for (let i = 0; i < n; i++) {
    const bin = <u32>load<u8>(ofRow + load<u32>(from + (i << 2)));
    const word = bits + ((bin >> 6) << 3);
    store<u64>(word, load<u64>(word) | (<u64>1 << (<u64>bin & 63)));
  }
}

function markAll(nMarked: i32): void {
  for (let first = 0; first < nMarked; first += 64) {
    const beyond = max(first + 64 - nMarked, 0);
    store<u64>(seen + (first >> 3), u64.MAX_VALUE >> <u64>beyond);
  }
}

/**
 * The decrease of the squared error, divided by the node's draws W, is `d^2 / (wL wR)` with `d = sumL - wL sum / W`.
 *
 * Source: Breiman, Friedman, Olshen, Stone, "Classification and Regression Trees", 1984, section 8.4.
 */
// @ts-ignore: decorator
@inline
function tryCut(feature: i32, bin: i32, left: v128, total: f64, average: f64): void {
  const counts = f64x2.extract_lane(left, 0);
  const leftSum = f64x2.extract_lane(left, 1);
  const leftWeight = floor(counts);
  const difference = leftSum - leftWeight * average;
  const squared = difference * difference;
  const product = leftWeight * (total - leftWeight);
  if (squared > bestGain * product) {
    const leftRows = counts - leftWeight;
    if (leftRows >= leastLeft && leftRows <= mostLeft) {
      bestGain = squared / product;
      bestFeature = feature;
      bestBin = bin;
      bestRows = <i32>(leftRows / ONE_ROW);
      bestWeight = leftWeight;
      bestSum = leftSum;
    }
  }
}
