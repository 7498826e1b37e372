// Where everything lies in memory. The caller writes the columns of X, one after the other, and the labels, and reads
// the nodes of each tree.

/** Most bins of a feature. */
export const BINS: i32 = 256;

export let nRows: i32 = 0;
export let nColumns: i32 = 0;

/** f64 [nRows]: the values of the feature that is binned next. */
export let column: usize = 0;
/** f64 [nRows]: the labels less their mean. */
export let labels: usize = 0;
/** i32, f64 and i32, each [2 nLeaves]: a tree's nodes as node-table.ts describes them, counted from its root. */
export let nodeFeatures: usize = 0;
export let nodeValues: usize = 0;
export let nodeRights: usize = 0;

/** u8 [nColumns, nRows]: the bin of each cell. */
export let bins: usize = 0;
/** i32 [nColumns]: how many bins a feature has. */
export let nBins: usize = 0;
/** f64 [nColumns, BINS]: the smallest and the largest value in each bin. */
export let lower: usize = 0;
export let upper: usize = 0;
/** i32 [nColumns]: the features, in the order of the last draws. */
export let features: usize = 0;
/** i32 [nRows]: how often the tree draws each row. */
export let draws: usize = 0;
/** i32 [nRows]: the rows of a tree, those of each of its nodes side by side, and room for half a partition. */
export let rows: usize = 0;
export let spare: usize = 0;
/** [nRows] pairs of f64, first by row, then those of a node in the order of its rows: see best-split.as. */
export let pairs: usize = 0;
export let nodePairs: usize = 0;
/** [BINS] pairs of f64, and a bit for each bin: all zero except while a feature is looked at. */
export let histogram: usize = 0;
export let seen: usize = 0;
/** Nodes that are still to be grown. */
export let pending: usize = 0;
/** i32 [8, 256]: how many values have which byte, while a column is sorted. */
export let counts: usize = 0;

let top: usize = 0;

/** Takes the next bytes, up to a multiple of 16. */
function take(size: usize, each: usize): usize {
  const address = top;
  top += (size * each + 15) & ~15;
  return address;
}

/** Lays out the memory for trees of at most `nLeaves` leaves, and returns how many bytes there must be. */
export function layOut(rowCount: i32, columnCount: i32, nLeaves: i32): usize {
  nRows = rowCount;
  nColumns = columnCount;
  top = 0;
  histogram = take(BINS, 16);
  seen = take(BINS / 64, 8);
  counts = take(8 * 256, 4);
  nBins = take(nColumns, 4);
  features = take(nColumns, 4);
  lower = take(nColumns, BINS * 8);
  upper = take(nColumns, BINS * 8);
  column = take(nRows, 8);
  labels = take(nRows, 8);
  draws = take(nRows, 4);
  rows = take(nRows, 4);
  spare = take(nRows, 4);
  pairs = take(nRows, 16);
  nodePairs = take(nRows, 16);
  bins = take(nRows, nColumns);
  pending = take(nLeaves, 32);
  nodeFeatures = take(2 * nLeaves, 4);
  nodeValues = take(2 * nLeaves, 8);
  nodeRights = take(2 * nLeaves, 4);
  return top;
}
