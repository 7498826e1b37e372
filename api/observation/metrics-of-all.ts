import { AggregatorRegistry, type Registry } from 'prom-client';

/** The metrics of one process as plain data. */
export type Metrics = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** The metrics of several processes as one, each put together as its `aggregator` says: sums, where nothing is said. */
export function metricsOfAll(all: readonly Metrics[]): Registry {
  return AggregatorRegistry.aggregate([...all]);
}

/** The metrics that only grow: what a process has counted remains counted when it is silent or has ended. */
export function growing(metrics: Metrics): Metrics {
  // The library's types say that these are numbers.
  return metrics.filter(({ type }) => ['counter', 'histogram'].includes(String(type)));
}
