import { z } from 'zod';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { LatencyHistogram } from '../observation/latency-histogram.ts';

const MEGABYTE = 1024 * 1024;

const latency = z.object({
  requests: z.int(),
  p50_ms: z.number(),
  p95_ms: z.number(),
  p99_ms: z.number(),
  max_ms: z.number(),
});

const performanceSchema = z.object({
  since: z.string().describe('When the process started; everything is counted from there'),
  requests: latency.extend({ answers: z.record(z.string(), z.int()).describe('By the hundreds of their status') }),
  routes: z
    .array(latency.extend({ method: z.string(), route: z.string(), answers: z.record(z.string(), z.int()) }))
    .describe('Busiest first; what no route took is `unmatched`'),
  caches: z.array(
    z.object({
      name: z.string(),
      hits: z.int(),
      misses: z.int(),
      stale: z.int().describe('Answers that may have been outdated, since their source was away'),
      hit_ratio: z.number().nullable().describe('Null before the first question'),
      entries: z.int(),
    }),
  ),
  memory: z.object({
    rss_mb: z.number(),
    heap_used_mb: z.number(),
    heap_total_mb: z.number(),
    external_mb: z.number(),
  }),
  event_loop_delay: z.object({ mean_ms: z.number(), p50_ms: z.number(), p99_ms: z.number(), max_ms: z.number() }),
  audit: z.object({ written: z.int(), buffered: z.int(), dropped: z.int() }).describe('Rows of the log of predictions'),
});

/** `GET /performance`: how fast this process answers, what its caches save, what it holds. */
export const performanceEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/performance',
  summary: 'How fast this process answers, and what that costs',
  description: 'Quantiles are exact to 5%.',
  answer: { status: 200, name: 'Performance', schema: performanceSchema },
  errors: [],
  handle: async ({ metrics, caches, audit }, { context }) => {
    const routes = [...metrics.routes.values()].sort((a, b) => b.latency.n - a.latency.n);
    const all = new LatencyHistogram();
    const answers: Record<string, number> = {};
    for (const route of routes) {
      all.add(route.latency);
      for (const [status, n] of route.answers) answers[status] = (answers[status] ?? 0) + n;
    }
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
    const { eventLoopDelay } = metrics;
    return {
      since: new Date(context.clock.now().getTime() - process.uptime() * 1000).toISOString(),
      requests: { ...quantiles(all), answers },
      routes: routes.map(({ method, route, latency, answers }) => ({
        ...{ method, route },
        ...quantiles(latency),
        answers: Object.fromEntries(answers),
      })),
      caches: caches().map(({ name, hits, misses, stale, entries }) => ({
        ...{ name, hits, misses, stale },
        hit_ratio: hits + misses + stale === 0 ? null : hits / (hits + misses + stale),
        entries,
      })),
      memory: {
        rss_mb: megabytes(rss),
        heap_used_mb: megabytes(heapUsed),
        heap_total_mb: megabytes(heapTotal),
        external_mb: megabytes(external),
      },
      event_loop_delay: {
        // Not a number before the first sample.
        mean_ms: milliseconds(eventLoopDelay.mean),
        p50_ms: milliseconds(eventLoopDelay.percentile(50)),
        p99_ms: milliseconds(eventLoopDelay.percentile(99)),
        max_ms: milliseconds(eventLoopDelay.count === 0 ? 0 : eventLoopDelay.max),
      },
      audit: audit.counts,
    };
  },
});

function quantiles(latency: LatencyHistogram) {
  return {
    requests: latency.n,
    p50_ms: rounded(latency.quantile(0.5)),
    p95_ms: rounded(latency.quantile(0.95)),
    p99_ms: rounded(latency.quantile(0.99)),
    max_ms: rounded(latency.maxMs),
  };
}

function milliseconds(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? rounded(nanoseconds / 1e6) : 0;
}

function megabytes(bytes: number): number {
  return rounded(bytes / MEGABYTE);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
