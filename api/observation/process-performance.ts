import type { CacheCounts } from '../../serving/dependency.ts';
import type { ApiParts } from '../parts.ts';
import { type LatencyCounts, LatencyHistogram } from './latency-histogram.ts';

const NANOSECONDS_PER_MS = 1e6;

/** One method of one route: how long its answers took and how many there were, by the hundreds of their status. */
interface RoutePerformance {
  readonly method: string;
  readonly route: string;
  readonly latency: LatencyCounts;
  readonly answers: Readonly<Record<string, number>>;
}

/** How a process has done since it started, as plain data. */
export interface ProcessPerformance {
  readonly startedAt: Date;
  readonly routes: readonly RoutePerformance[];
  readonly caches: readonly CacheCounts[];
  /** Bytes. */
  readonly memory: Readonly<Record<'rss' | 'heapUsed' | 'heapTotal' | 'external', number>>;
  /** How late the event loop was, in ms. */
  readonly eventLoopDelay: Readonly<Record<'samples' | 'mean' | 'p50' | 'p99' | 'max', number>>;
  readonly audit: Readonly<Record<'written' | 'buffered' | 'dropped', number>>;
}

/** How this process has done. */
export function performanceOf({ metrics, caches, audit }: ApiParts): ProcessPerformance {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const { count: samples, mean, max } = metrics.eventLoopDelay;
  const percentile = (p: number) => metrics.eventLoopDelay.percentile(p) / NANOSECONDS_PER_MS;
  const { written, buffered, dropped } = audit.counts;
  return {
    startedAt: new Date(Date.now() - process.uptime() * 1000),
    routes: metrics.routes.map(({ method, route, latency, answers }) => ({
      ...{ method, route, latency: latency.toObject(), answers: Object.fromEntries(answers) },
    })),
    caches: caches(),
    memory: { rss, heapUsed, heapTotal, external },
    eventLoopDelay:
      // Neither is a number before the first sample.
      samples === 0
        ? { samples, mean: 0, p50: 0, p99: 0, max: 0 }
        : {
            ...{ samples, mean: mean / NANOSECONDS_PER_MS, max: max / NANOSECONDS_PER_MS },
            ...{ p50: percentile(50), p99: percentile(99) },
          },
    audit: { written, buffered, dropped },
  };
}

/**
 * Several processes as one: since the first of them started, counts and memory added, latencies put together, and of the
 * event loops' delay the mean of all and the worst of each other figure.
 */
export function performanceOfAll(all: readonly ProcessPerformance[]): ProcessPerformance {
  const delays = all.map(({ eventLoopDelay }) => eventLoopDelay);
  const samples = sum(delays.map((delay) => delay.samples));
  const worst = (of: 'p50' | 'p99' | 'max') => Math.max(...delays.map((delay) => delay[of]));
  return {
    startedAt: new Date(Math.min(...all.map(({ startedAt }) => startedAt.getTime()))),
    routes: groups(
      all.flatMap(({ routes }) => routes),
      ({ method, route }) => `${method} ${route}`,
    ).map(addRoutes),
    caches: groups(
      all.flatMap(({ caches }) => caches),
      ({ name }) => name,
    ).map((same) => ({
      name: same[0]!.name,
      ...added(same, ['hits', 'misses', 'stale', 'entries']),
    })),
    memory: added(
      all.map(({ memory }) => memory),
      ['rss', 'heapUsed', 'heapTotal', 'external'],
    ),
    eventLoopDelay: {
      samples,
      mean: samples === 0 ? 0 : sum(delays.map(({ samples: n, mean }) => n * mean)) / samples,
      ...{ p50: worst('p50'), p99: worst('p99'), max: worst('max') },
    },
    audit: added(
      all.map(({ audit }) => audit),
      ['written', 'buffered', 'dropped'],
    ),
  };
}

/** Counts answers and merges latencies of the same or of several routes. */
export function totalOf(routes: readonly RoutePerformance[]): {
  latency: LatencyHistogram;
  answers: Record<string, number>;
} {
  const latency = new LatencyHistogram();
  const answers: Record<string, number> = {};
  for (const route of routes) {
    latency.add(LatencyHistogram.fromObject(route.latency));
    for (const [status, n] of Object.entries(route.answers)) answers[status] = (answers[status] ?? 0) + n;
  }
  return { latency, answers };
}

function addRoutes(same: readonly RoutePerformance[]): RoutePerformance {
  const { latency, answers } = totalOf(same);
  return { method: same[0]!.method, route: same[0]!.route, latency: latency.toObject(), answers };
}

function groups<T>(all: readonly T[], nameOf: (one: T) => string): T[][] {
  const byName = new Map<string, T[]>();
  for (const one of all) byName.set(nameOf(one), [...(byName.get(nameOf(one)) ?? []), one]);
  return [...byName.values()];
}

function added<K extends string>(all: readonly Readonly<Record<K, number>>[], keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, sum(all.map((one) => one[key]))])) as Record<K, number>;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
