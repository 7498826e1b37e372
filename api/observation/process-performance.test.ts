import { expect, test } from 'vitest';
import { LatencyHistogram } from './latency-histogram.ts';
import { type ProcessPerformance, performanceOfAll, totalOf } from './process-performance.ts';

function process(startedAt: string, route: string, durations: readonly number[], delay: number): ProcessPerformance {
  const latency = new LatencyHistogram();
  for (const ms of durations) latency.record(ms);
  return {
    startedAt: new Date(startedAt),
    routes: [{ method: 'GET', route, latency: latency.toObject(), answers: { '2xx': durations.length } }],
    caches: [{ name: 'forecasts', hits: 2, misses: 1, stale: 0, entries: 1 }],
    memory: { rss: 10, heapUsed: 5, heapTotal: 8, external: 1 },
    eventLoopDelay: { samples: durations.length, mean: delay, p50: delay, p99: delay, max: delay },
    audit: { written: 3, buffered: 2, dropped: 0 },
  };
}

test('processes together: quantiles of all durations, sums, and the worst delay', () => {
  const quick = Array.from({ length: 90 }, () => 1);
  const slow = Array.from({ length: 10 }, () => 1000);
  const all = performanceOfAll([
    process('2026-01-02T00:00:00Z', '/a', quick, 1),
    process('2026-01-01T00:00:00Z', '/a', slow, 11),
    process('2026-01-03T00:00:00Z', '/b', [], 0),
  ]);
  expect(all.startedAt).toEqual(new Date('2026-01-01T00:00:00Z'));
  expect(all.routes.map(({ route }) => route)).toEqual(['/a', '/b']);
  const { latency, answers } = totalOf(all.routes);
  expect([latency.n, latency.maxMs, answers]).toEqual([100, 1000, { '2xx': 100 }]);
  expect(latency.quantile(0.9)).toBeLessThan(1.06);
  expect(latency.quantile(0.91)).toBe(1000);
  expect(all.caches).toEqual([{ name: 'forecasts', hits: 6, misses: 3, stale: 0, entries: 3 }]);
  expect(all.memory).toEqual({ rss: 30, heapUsed: 15, heapTotal: 24, external: 3 });
  expect(all.eventLoopDelay).toEqual({ samples: 100, mean: 2, p50: 11, p99: 11, max: 11 });
  expect(all.audit).toEqual({ written: 9, buffered: 6, dropped: 0 });
});
