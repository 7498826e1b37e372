/** What was held when a share of a measurement was done. */
export interface MemorySample {
  /** 0 to 1. */
  readonly share: number;
  readonly mb: number;
}

const QUARTERS = 4;

/** How figures of quarters are called, before the number. */
export const QUARTER_METRIC = 'rss_peak_quarter_';

/** The most that was held in each quarter of a measurement in which somebody looked, with its number, in MB. */
export function peaksByQuarter(samples: readonly MemorySample[]): Map<number, number> {
  const peaks = new Map<number, number>();
  for (const { share, mb } of samples) {
    const quarter = Math.min(QUARTERS, Math.floor(share * QUARTERS) + 1);
    peaks.set(quarter, Math.max(peaks.get(quarter) ?? 0, mb));
  }
  return peaks;
}
