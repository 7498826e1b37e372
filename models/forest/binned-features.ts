import type { Matrix } from '../model.ts';

/** Most bins that a feature can have: a bin's number fits into the low byte of an entry of `order`. */
export const MAX_BINS = 256;

/** Most rows that a forest can learn from: the row's number fits into the upper three bytes of an entry of `order`. */
export const MAX_ROWS = 2 ** 24;

/** Training rows with every feature quantised to at most 256 bins that hold about equally many rows. */
export interface BinnedFeatures {
  readonly nRows: number;
  readonly nColumns: number;
  /**
   * `[nColumns, nRows]`: for each feature its rows ascending by bin, each entry `row << 8 | bin`. Trees carry these
   * lists down and partition them, so no node ever sorts; bin and row in one word save a look-up per visit.
   */
  readonly order: Int32Array;
  /** `[nColumns, 256]`: the smallest value in each bin. */
  readonly lower: Float64Array;
  /** `[nColumns, 256]`: the largest value in each bin. */
  readonly upper: Float64Array;
}

/**
 * Quantises the columns of `X`. Equal values share a bin; a feature with at most `maxBins` distinct values keeps each
 * in a bin of its own, so that nothing is lost. Sees nothing but `X`.
 */
export function binFeatures(X: Matrix, maxBins: number): BinnedFeatures {
  const { nRows, nColumns, values } = X;
  const order = new Int32Array(nColumns * nRows);
  const lower = new Float64Array(nColumns * MAX_BINS);
  const upper = new Float64Array(nColumns * MAX_BINS);
  const column = new Float64Array(nRows);
  for (let feature = 0; feature < nColumns; feature++) {
    for (let row = 0; row < nRows; row++) column[row] = values[row * nColumns + feature]!;
    const sorted = column.slice().sort();
    const lowerOfFeature = lower.subarray(feature * MAX_BINS, (feature + 1) * MAX_BINS);
    const upperOfFeature = upper.subarray(feature * MAX_BINS, (feature + 1) * MAX_BINS);
    const nBins = fillBins(sorted, maxBins, lowerOfFeature, upperOfFeature);
    sortByBin(column, upperOfFeature, nBins, order.subarray(feature * nRows, (feature + 1) * nRows));
  }
  return { nRows, nColumns, order, lower, upper };
}

/** Finds the bins of one feature from its ascending values, writes their bounds and returns how many there are. */
function fillBins(sorted: Float64Array, maxBins: number, lower: Float64Array, upper: Float64Array): number {
  const n = sorted.length;
  let nDistinct = n > 0 ? 1 : 0;
  for (let i = 1; i < n; i++) if (sorted[i] !== sorted[i - 1]) nDistinct++;
  let nBins = 0;
  let slot = -1;
  for (let i = 0; i < n; i++) {
    const value = sorted[i]!;
    if (i === 0 || value !== sorted[i - 1]) {
      const wanted = nDistinct <= maxBins ? slot + 1 : Math.floor((i * maxBins) / n);
      if (wanted !== slot) {
        slot = wanted;
        lower[nBins] = value;
        nBins++;
      }
    }
    upper[nBins - 1] = value;
  }
  return nBins;
}

/** Writes `row << 8 | bin` of every row, ascending by bin and within a bin by row (a counting sort). */
function sortByBin(column: Float64Array, upper: Float64Array, nBins: number, order: Int32Array): void {
  const bins = new Uint8Array(column.length);
  const next = new Int32Array(MAX_BINS + 1);
  for (let row = 0; row < column.length; row++) {
    const value = column[row]!;
    let low = 0;
    let high = nBins - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upper[middle]! < value) low = middle + 1;
      else high = middle;
    }
    bins[row] = low;
    next[low + 1]! += 1;
  }
  for (let bin = 0; bin < MAX_BINS; bin++) next[bin + 1]! += next[bin]!;
  for (let row = 0; row < column.length; row++) {
    const bin = bins[row]!;
    order[next[bin]!++] = (row << 8) | bin;
  }
}

/**
 * A threshold `t` between two bins of a feature, `lower bin < t <= upper bin` also where rounding would lose one of
 * them, so that `value < t` tells the bins apart.
 */
export function thresholdBetween(binned: BinnedFeatures, feature: number, bin: number, nextBin: number): number {
  const below = binned.upper[feature * MAX_BINS + bin]!;
  const above = binned.lower[feature * MAX_BINS + nextBin]!;
  // Halved before they are added: the sum of two huge values would overflow.
  const middle = below / 2 + above / 2;
  return middle > below && middle < above ? middle : above;
}
