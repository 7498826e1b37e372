/** What an API process says of itself in one interval of a soak, and how its answers came. */
export interface Sample {
  /** Since the start. */
  readonly seconds: number;
  readonly rps: number;
  readonly p99Ms: number;
  readonly rssMb: number;
  readonly heapUsedMb: number;
  /** Of the interval alone. */
  readonly eventLoopP99Ms: number;
}

/** How much more than the early median the late one may be before it counts as growth: a share and a floor. */
const TOLERANCE = {
  rssMb: { share: 0.05, floor: 8 },
  // Garbage comes and goes between two samples.
  heapUsedMb: { share: 0.15, floor: 8 },
  eventLoopP99Ms: { share: 0.5, floor: 10 },
  p99Ms: { share: 0.5, floor: 10 },
} as const;

/** Whether a figure grew from the first third of an interval to its last beyond what is noise. */
export function grown(name: keyof typeof TOLERANCE, early: number, late: number): boolean {
  const { share, floor } = TOLERANCE[name];
  return late - early > Math.max(floor, share * early);
}

/**
 * Reads the process figures from a scrape of `/metrics`.
 * @throws Error naming the metric that is missing
 */
export function parseSample(metrics: string): Pick<Sample, 'rssMb' | 'heapUsedMb' | 'eventLoopP99Ms'> {
  const megabyte = 1024 * 1024;
  return {
    rssMb: valueOf(metrics, 'process_resident_memory_bytes') / megabyte,
    heapUsedMb: valueOf(metrics, 'nodejs_heap_size_used_bytes') / megabyte,
    eventLoopP99Ms: valueOf(metrics, 'nodejs_eventloop_lag_p99_seconds') * 1000,
  };
}

function valueOf(metrics: string, name: string): number {
  const line = metrics.split('\n').find((each) => each.startsWith(`${name} `) || each.startsWith(`stockcast_${name} `));
  if (line === undefined) throw new Error(`/metrics has no ${name}`);
  return Number(line.split(' ')[1]);
}
