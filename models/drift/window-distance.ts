import { rankIn } from '../intervals/score-window.ts';

/** How far values of a window lie from those of a reference. */
export interface WindowDistance {
  /** Population stability index: sum over bins of (w - r) log(w / r), with w and r the shares of window and reference. */
  readonly psi: number;
  /** Kolmogorov and Smirnov's statistic: the largest distance of the two distribution functions, in [0, 1]. */
  readonly ks: number;
  /** The same statistic of distances from the reference's median: sharper where a spread has changed. */
  readonly spreadKs: number;
}

/** What is added to the count of every bin, so that an empty one has a finite share. */
const EMPTY_BIN = 0.5;

/**
 * One column of a reference, ready to have windows compared with it. Bins hold equally many of the reference's values,
 * or more where values repeat.
 *
 * Source of the index, and that it comes to about (bins - 1) (1 / n + 1 / m) for independent values without drift:
 * Yurdakul, "Statistical Properties of Population Stability Index" (2018).
 */
export class ReferenceColumn {
  readonly #sorted: Float64Array;
  readonly #median: number;
  /** Distances from the median, ascending. */
  readonly #spread: Float64Array;
  readonly #edges: number[];
  readonly #counts: readonly number[];

  /**
   * @param values at least one, finite
   * @param nBins at most so many
   */
  constructor(values: Float64Array, nBins: number) {
    this.#sorted = values.slice().sort();
    this.#median = this.#sorted[this.#sorted.length >> 1]!;
    this.#spread = this.#distances(values).sort();
    const edges = Array.from(
      { length: nBins - 1 },
      (_, i) => this.#sorted[Math.floor(((i + 1) * values.length) / nBins)]!,
    );
    // A value that fills several bins makes them one; an edge at the least value would leave an empty bin below it.
    this.#edges = [...new Set(edges)].filter((edge) => edge > this.#sorted[0]!);
    this.#counts = this.#count(values);
  }

  /** How far a window that is no part of the reference lies from it. */
  distance(window: Float64Array): WindowDistance {
    const psi = psiOf(this.#counts, this.#count(window));
    return { psi, ks: ksOf(this.#sorted, window), spreadKs: ksOf(this.#spread, this.#distances(window)) };
  }

  /** How far a window of the reference lies from the rest of it. */
  distanceOfPart(window: Float64Array): WindowDistance {
    const counts = this.#count(window);
    const n = this.#sorted.length;
    const rest = this.#counts.map((count, bin) => count - counts[bin]!);
    // With F of all, W of the window and R of the rest: F = (m W + (n - m) R) / n, so W - R = (W - F) n / (n - m).
    const ofRest = n / (n - window.length);
    const ks = ofRest * ksOf(this.#sorted, window);
    return { psi: psiOf(rest, counts), ks, spreadKs: ofRest * ksOf(this.#spread, this.#distances(window)) };
  }

  #count(values: Float64Array): number[] {
    const counts = Array.from({ length: this.#edges.length + 1 }, () => 0);
    for (const value of values) counts[rankAbove(this.#edges, value)]!++;
    return counts;
  }

  #distances(values: Float64Array): Float64Array {
    return values.map((value) => Math.abs(value - this.#median));
  }
}

function psiOf(reference: readonly number[], window: readonly number[]): number {
  const share = (counts: readonly number[]) => {
    const total = counts.reduce((sum, count) => sum + count, 0) + EMPTY_BIN * counts.length;
    return counts.map((count) => (count + EMPTY_BIN) / total);
  };
  const [r, w] = [share(reference), share(window)];
  return w.reduce((sum, of, bin) => sum + (of - r[bin]!) * Math.log(of / r[bin]!), 0);
}

/** @param reference ascending */
function ksOf(reference: Float64Array, window: Float64Array): number {
  const sorted = window.slice().sort();
  const [n, m] = [reference.length, sorted.length];
  let largest = 0;
  for (let i = 0; i < m; ) {
    const value = sorted[i]!;
    let next = i;
    while (next < m && sorted[next] === value) next++;
    // The window's function is flat between its values, so the distance is largest at one or just before it.
    const before = Math.abs(i / m - rankIn(reference, value) / n);
    const at = Math.abs(next / m - rankAbove(reference, value) / n);
    largest = Math.max(largest, before, at);
    i = next;
  }
  return largest;
}

/** How many of ascending values are at most `value`. */
function rankAbove(sorted: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
