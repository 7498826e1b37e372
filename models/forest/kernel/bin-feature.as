import { BINS, bins, column, counts, lower, nBins, nodePairs, nRows, pairs, upper } from './memory';

const SIGN: u64 = 1 << 63;

/**
 * Quantises the values in `column` to at most `maxBins` bins of about equally many rows. Equal values share a bin; with
 * at most `maxBins` distinct values each has a bin of its own, so that nothing is lost.
 */
export function binFeature(feature: i32, maxBins: i32): void {
  const sorted = sortColumn();
  const end = sorted + (<usize>nRows << 4);
  let nDistinct = 1;
  for (let at = sorted + 16; at < end; at += 16) nDistinct += <i32>(load<u64>(at) !== load<u64>(at - 16));
  const ofRow = bins + <usize>feature * nRows;
  const smallest = lower + <usize>feature * (8 * BINS);
  const largest = upper + <usize>feature * (8 * BINS);
  let slot = -1;
  let bin = -1;
  for (let at = sorted; at < end; at += 16) {
    const row = load<u32>(at, 8);
    const value = load<f64>(column + (row << 3));
    if (at === sorted || load<u64>(at) !== load<u64>(at - 16)) {
      const wanted = nDistinct <= maxBins ? slot + 1 : <i32>((<u64>((at - sorted) >> 4) * maxBins) / nRows);
      if (wanted !== slot) {
        slot = wanted;
        bin++;
        store<f64>(smallest + (bin << 3), value);
      }
    }
    store<f64>(largest + (bin << 3), value);
    store<u8>(ofRow + row, bin);
  }
  store<i32>(nBins + (feature << 2), bin + 1);
}

/** Sorts the rows by value, byte after byte, as entries (u64 key, u64 row), and returns where they lie. */
function sortColumn(): usize {
  memory.fill(counts, 0, 8 * 256 * 4);
  for (let row = 0; row < nRows; row++) {
    // A whole number that grows with the value: of a negative one all bits turned, of others the first. -0 becomes 0.
    const bits = reinterpret<i64>(load<f64>(column + (row << 3)) + 0);
    const key = <u64>bits ^ (<u64>(bits >> 63) | SIGN);
    store<u64>(pairs + (row << 4), key);
    store<u64>(pairs + (row << 4), row, 8);
    for (let byte = 0; byte < 8; byte++) {
      const count = countOf(byte, key);
      store<i32>(count, load<i32>(count) + 1);
    }
  }
  let from = pairs;
  let to = nodePairs;
  for (let byte = 0; byte < 8; byte++) {
    if (load<i32>(countOf(byte, load<u64>(from))) === nRows) continue;
    let before = 0;
    const ofByte = counts + (byte << 10);
    for (let at = ofByte; at < ofByte + 1024; at += 4) {
      const count = load<i32>(at);
      store<i32>(at, before);
      before += count;
    }
    const end = from + (<usize>nRows << 4);
    for (let at = from; at < end; at += 16) {
      const next = countOf(byte, load<u64>(at));
      const place = load<i32>(next);
      store<i32>(next, place + 1);
      v128.store(to + (place << 4), v128.load(at));
    }
    const sorted = to;
    to = from;
    from = sorted;
  }
  return from;
}

// @ts-ignore: decorator
@inline
function countOf(byte: i32, key: u64): usize {
  return counts + (((byte << 8) | <i32>((key >> (<u64>byte << 3)) & 255)) << 2);
}

/**
 * A threshold `t` between two bins of a feature, `lower bin < t <= upper bin` also where rounding would lose one of
 * them, so that `value < t` tells the bins apart.
 */
export function thresholdBetween(feature: i32, bin: i32, nextBin: i32): f64 {
  const below = load<f64>(upper + ((feature * BINS + bin) << 3));
  const above = load<f64>(lower + ((feature * BINS + nextBin) << 3));
  // Halved before they are added: the sum of two huge values would overflow.
  const middle = below / 2 + above / 2;
  return middle > below && middle < above ? middle : above;
}
