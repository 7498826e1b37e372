import { z } from 'zod';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { LatencyHistogram } from '../observation/latency-histogram.ts';
import {
  type ProcessPerformance,
  performanceOf,
  performanceOfAll,
  totalOf,
} from '../observation/process-performance.ts';

const MEGABYTE = 1024 * 1024;

const latency = z.object({
  requests: z.int(),
  p50_ms: z.number(),
  p95_ms: z.number(),
  p99_ms: z.number(),
  max_ms: z.number(),
});

const performanceSchema = z.object({
  processes: z
    .object({ asked: z.int(), answered: z.int() })
    .optional()
    .describe('Where there are several behind the port: how many were asked, and how many are in these figures'),
  since: z.string().describe('When the process, or the first of several, started; everything is counted from there'),
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
  event_loop_delay: z
    .object({ mean_ms: z.number(), p50_ms: z.number(), p99_ms: z.number(), max_ms: z.number() })
    .describe('Of several processes: the mean of all, and the worst of each other figure'),
  audit: z.object({ written: z.int(), buffered: z.int(), dropped: z.int() }).describe('Rows of the log of predictions'),
});

/** `GET /performance`: how fast the processes behind the port answer, what their caches save, what they hold. */
export const performanceEndpoint: Endpoint = endpoint({
  method: 'get',
  path: '/performance',
  summary: 'How fast the API answers, and what that costs',
  description: 'Of all its processes together. Quantiles are exact to 5%.',
  answer: { status: 200, name: 'Performance', schema: performanceSchema },
  errors: [],
  handle: async (parts) => {
    const gathered = await parts.siblings?.gather<ProcessPerformance>('performance');
    // Where none answers in time, at least this one does.
    const answers = gathered === undefined || gathered.answers.length === 0 ? [performanceOf(parts)] : gathered.answers;
    const { startedAt, routes, caches, memory, eventLoopDelay, audit } = performanceOfAll(answers);
    const total = totalOf(routes);
    return {
      ...(gathered === undefined ? {} : { processes: { asked: gathered.asked, answered: answers.length } }),
      since: startedAt.toISOString(),
      requests: { ...quantiles(total.latency), answers: total.answers },
      routes: routes
        .map(({ method, route, latency, answers }) => ({
          ...{ method, route },
          ...quantiles(LatencyHistogram.fromObject(latency)),
          answers,
        }))
        .sort((a, b) => b.requests - a.requests),
      caches: caches.map(({ name, hits, misses, stale, entries }) => ({
        ...{ name, hits, misses, stale },
        hit_ratio: hits + misses + stale === 0 ? null : hits / (hits + misses + stale),
        entries,
      })),
      memory: {
        rss_mb: megabytes(memory.rss),
        heap_used_mb: megabytes(memory.heapUsed),
        heap_total_mb: megabytes(memory.heapTotal),
        external_mb: megabytes(memory.external),
      },
      event_loop_delay: {
        mean_ms: rounded(eventLoopDelay.mean),
        p50_ms: rounded(eventLoopDelay.p50),
        p99_ms: rounded(eventLoopDelay.p99),
        max_ms: rounded(eventLoopDelay.max),
      },
      audit,
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

function megabytes(bytes: number): number {
  return rounded(bytes / MEGABYTE);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
