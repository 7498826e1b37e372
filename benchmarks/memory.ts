/** What was held when a share of a measurement was done. */
export interface MemorySample {
  /** 0 to 1. */
  readonly share: number;
  readonly mb: number;
}

const QUARTERS = 4;

/** The most that was held in each quarter of a measurement, in MB; -Infinity for one in which nobody looked. */
export function peaksByQuarter(samples: readonly MemorySample[]): number[] {
  return Array.from({ length: QUARTERS }, (_, quarter) => {
    const within = samples.filter(({ share }) => Math.min(QUARTERS - 1, Math.floor(share * QUARTERS)) === quarter);
    return Math.max(...within.map(({ mb }) => mb));
  });
}
