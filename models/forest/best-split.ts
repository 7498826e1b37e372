/** Where a node is best cut in two; `feature` is -1 as long as no cut was found. */
export interface Split {
  feature: number;
  /** How many distinct rows go left. */
  position: number;
  /** The decrease of the squared error. */
  gain: number;
  leftWeight: number;
  leftSum: number;
}

/** What the bootstrap drew: for each row how often, and that many times its centred target. */
export interface DrawnRows {
  readonly weights: Float64Array;
  readonly sums: Float64Array;
}

/**
 * Tries every cut between two bins along a node's rows `[from, to)` of a feature's list and enters it into `best` when
 * its gain is larger: `d^2 W / (wL wR)` with `d = sumL - wL sum / W`. Allocates nothing.
 *
 * `weight` and `sum` are the node's totals; both sides keep at least `minSamplesLeaf` distinct rows.
 *
 * Source: Breiman, Friedman, Olshen, Stone, "Classification and Regression Trees", 1984, section 8.4.
 */
export function improveSplit(
  best: Split,
  feature: number,
  lists: Int32Array,
  from: number,
  to: number,
  drawn: DrawnRows,
  weight: number,
  sum: number,
  minSamplesLeaf: number,
): void {
  const { weights, sums } = drawn;
  const mean = sum / weight;
  let leftWeight = 0;
  let leftSum = 0;
  let bestGain = best.gain / weight;
  let bestPosition = -1;
  let bestWeight = 0;
  let bestSum = 0;
  let i = from;
  for (const firstCut = from + minSamplesLeaf - 1; i < firstCut; i++) {
    const row = lists[i]! >>> 8;
    leftWeight += weights[row]!;
    leftSum += sums[row]!;
  }
  let entry = lists[i]!;
  for (const lastCut = to - minSamplesLeaf; i < lastCut; i++) {
    const row = entry >>> 8;
    leftWeight += weights[row]!;
    leftSum += sums[row]!;
    const next = lists[i + 1]!;
    if (((entry ^ next) & 255) !== 0) {
      const difference = leftSum - leftWeight * mean;
      const gain = (difference * difference) / (leftWeight * (weight - leftWeight));
      if (gain > bestGain) {
        bestGain = gain;
        bestPosition = i + 1 - from;
        bestWeight = leftWeight;
        bestSum = leftSum;
      }
    }
    entry = next;
  }
  if (bestPosition < 0) return;
  best.feature = feature;
  best.position = bestPosition;
  best.gain = bestGain * weight;
  best.leftWeight = bestWeight;
  best.leftSum = bestSum;
}
