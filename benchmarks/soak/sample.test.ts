import { describe, expect, it } from 'vitest';
import { grown, parseSample } from './sample.ts';

const SCRAPE = `# HELP process_resident_memory_bytes Resident memory size in bytes.
process_resident_memory_bytes 104857600
nodejs_heap_size_used_bytes 52428800
nodejs_eventloop_lag_p99_seconds 0.012
`;

describe('a sample of a soak', () => {
  it('is read from a scrape of the metrics', () => {
    expect(parseSample(SCRAPE)).toEqual({ rssMb: 100, heapUsedMb: 50, eventLoopP99Ms: 12 });
  });

  it('names the metric that a scrape lacks', () => {
    expect(() => parseSample('process_resident_memory_bytes 1\n')).toThrow(
      '/metrics has no nodejs_heap_size_used_bytes',
    );
  });
});

describe('a figure', () => {
  it('has grown when it is larger by more than its share and its floor', () => {
    expect(grown('rssMb', 400, 421)).toBe(true);
    expect(grown('rssMb', 400, 419)).toBe(false);
    expect(grown('rssMb', 100, 107)).toBe(false);
    expect(grown('eventLoopP99Ms', 11, 20)).toBe(false);
    expect(grown('eventLoopP99Ms', 11, 22)).toBe(true);
  });

  it('has not grown when it shrinks', () => {
    expect(grown('heapUsedMb', 400, 100)).toBe(false);
  });
});
