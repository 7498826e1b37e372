const LEAST_MS = 0.01;
const GROWTH = 1.05;
const BUCKETS = 400;
const LOG_GROWTH = Math.log(GROWTH);

/** A histogram as plain data. */
export interface LatencyCounts {
  readonly counts: Uint32Array;
  readonly maxMs: number;
}

/**
 * Counts durations in buckets 5% apart, from 0.01 ms to some 50 minutes: quantiles are that exact, and recording costs
 * a logarithm and an addition.
 */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #n = 0;
  #maxMs = 0;

  record(ms: number): void {
    const bucket = ms <= LEAST_MS ? 0 : Math.ceil(Math.log(ms / LEAST_MS) / LOG_GROWTH);
    this.#counts[Math.min(bucket, BUCKETS - 1)]! += 1;
    this.#n += 1;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** How many durations were recorded. */
  get n(): number {
    return this.#n;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** The duration in ms that a share `q` of all lies at or below; 0 when there is none. */
  quantile(q: number): number {
    const rank = Math.ceil(q * this.#n);
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      below += this.#counts[bucket]!;
      if (below >= rank && below > 0) return Math.min(LEAST_MS * GROWTH ** bucket, this.#maxMs);
    }
    return this.#maxMs;
  }

  /** Adds what another one has counted. */
  add(other: LatencyHistogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#counts[bucket]! += other.#counts[bucket]!;
    this.#n += other.#n;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  toObject(): LatencyCounts {
    return { counts: this.#counts.slice(), maxMs: this.#maxMs };
  }

  static fromObject({ counts, maxMs }: LatencyCounts): LatencyHistogram {
    const histogram = new LatencyHistogram();
    histogram.#counts.set(counts);
    histogram.#n = counts.reduce((sum, n) => sum + n, 0);
    histogram.#maxMs = maxMs;
    return histogram;
  }
}
