import type { Gauge } from 'prom-client';
import { systemClock } from '../../domain/context.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { liveAccuracy, modelAccuracy } from '../../serving/model-accuracy.ts';
import type { DriftTally, FeatureTally } from '../../stores/drift/drift-store.ts';
import type { ApiParts } from '../parts.ts';
import { Probe } from '../probe.ts';

const ACCURACY_TIMEOUT_MS = 2000;
const ACCURACY_HOLDS_MS = 30_000;

/** Adds to the metrics what other parts know: dependencies, caches, the audit, open streams, what serves and how well. */
export function registerGauges(parts: ApiParts): void {
  const { metrics, readiness, caches, audit, followers, services, settings, experiments } = parts;
  // Of several processes, the one that is worst off counts.
  const up = async (gauge: Gauge) => {
    for (const { name, status } of await readiness.state()) gauge.set({ dependency: name }, status === 'up' ? 1 : 0);
  };
  metrics.gauge('dependency_up', 'Whether a dependency answers', ['dependency'], up, 'min');
  const breakers = async (gauge: Gauge) => {
    const values = { closed: 0, half_open: 1, open: 2 };
    for (const { name, breaker } of await readiness.state()) {
      if (breaker !== undefined) gauge.set({ dependency: name }, values[breaker]);
    }
  };
  metrics.gauge('breaker_state', '0 closed, 1 half open, 2 open', ['dependency'], breakers, 'max');
  metrics.countedElsewhere('cache_requests_total', 'Questions to a cache', ['cache', 'verdict'], () =>
    caches().flatMap(({ name, hits, misses, stale }) => [
      [{ cache: name, verdict: 'hit' }, hits] as const,
      [{ cache: name, verdict: 'miss' }, misses] as const,
      [{ cache: name, verdict: 'stale' }, stale] as const,
    ]),
  );
  metrics.countedElsewhere('price_source_calls_total', 'Calls of live price sources', ['source', 'outcome'], () =>
    services.prices
      .health()
      .flatMap(({ name, counts }) => [
        [{ source: name, outcome: 'answered' }, counts.calls - counts.failedCalls] as const,
        [{ source: name, outcome: 'failed' }, counts.failedCalls] as const,
      ]),
  );
  metrics.countedElsewhere('cache_failures_total', 'Failed readings, and failed calls of Redis', ['cache', 'of'], () =>
    caches().flatMap(({ name, failedLoads = 0, sharedFailures = 0 }) => [
      [{ cache: name, of: 'source' }, failedLoads] as const,
      [{ cache: name, of: 'shared' }, sharedFailures] as const,
    ]),
  );
  metrics.countedElsewhere('restatements_total', 'Ingests that changed known history', [], () => [
    [{}, services.alarm.counts.restatements],
  ]);
  metrics.countedElsewhere('restated_items_total', 'What of known history was changed', ['item'], () => [
    [{ item: 'session' }, services.alarm.counts.sessions],
    [{ item: 'event' }, services.alarm.counts.events],
  ]);
  if (experiments !== undefined) {
    const help = 'Forecasts of experiments that were made behind answers, or of a challenger that failed';
    metrics.countedElsewhere('shadow_forecasts_total', help, ['outcome'], () =>
      Object.entries(experiments.counts).map(([outcome, n]) => [{ outcome }, n] as const),
    );
  }
  metrics.gauge('cache_entries', 'What a cache holds', ['cache'], (gauge) => {
    for (const { name, entries } of caches()) gauge.set({ cache: name }, entries);
  });
  metrics.countedElsewhere('audit_rows_total', 'Rows of the log of predictions', ['outcome'], () => {
    const { written, dropped } = audit.counts;
    return [
      [{ outcome: 'written' }, written],
      [{ outcome: 'dropped' }, dropped],
    ];
  });
  metrics.gauge('audit_buffered_rows', 'Rows that wait to be written', [], (gauge) => {
    gauge.set(audit.counts.buffered);
  });
  metrics.gauge('followers', 'Event streams and requests that wait for a run', [], (gauge) => {
    gauge.set(followers.n);
  });

  const context = { tenant: settings.tenant, principal: settings.principal, clock: systemClock };
  const labels = ({ kind, horizon }: { kind: string; horizon: Horizon }) => ({ kind, horizon: String(horizon) });
  let known: Awaited<ReturnType<typeof modelAccuracy>> = [];
  // Reads a few rows for every ticker that has a model: not at every scrape.
  const looked = new Probe(
    async () => {
      known = await modelAccuracy(services, context);
    },
    ACCURACY_TIMEOUT_MS,
    ACCURACY_HOLDS_MS,
  );
  const accuracy = (name: string, help: string, value: (line: (typeof known)[number]) => number) => {
    const look = async (gauge: Gauge) => {
      await looked.result();
      gauge.reset();
      for (const line of known) gauge.set(labels(line), value(line));
    };
    // All processes look at the same database.
    metrics.gauge(name, help, ['kind', 'horizon'], look, 'first');
  };
  let live: Awaited<ReturnType<typeof liveAccuracy>> = [];
  const lookedLive = new Probe(
    async () => {
      live = await liveAccuracy(services, context);
    },
    ACCURACY_TIMEOUT_MS,
    ACCURACY_HOLDS_MS,
  );
  const realised = (name: string, help: string, value: (line: (typeof live)[number]) => number | undefined) => {
    const look = async (gauge: Gauge) => {
      await lookedLive.result();
      gauge.reset();
      for (const line of live) {
        const known = value(line);
        if (known !== undefined) gauge.set(labels(line), known);
      }
    };
    metrics.gauge(name, help, ['kind', 'horizon'], look, 'first');
  };
  realised('live_forecasts_scored', 'Forecasts made before their outcome was known, and scored since', ({ n }) => n);
  realised('live_rmse', 'Root mean squared error of live forecasts, in log returns', ({ rmse }) => rmse);
  realised('live_rmse_ratio_to_naive', 'The same over that of naive forecasts', (line) => line.rmseRatioToNaive);
  realised('live_coverage80_ratio', 'Share of outcomes inside live 80% intervals', (line) => line.coverage80);
  realised('live_coverage95_ratio', 'Share of outcomes inside live 95% intervals', (line) => line.coverage95);
  realised('live_directional_accuracy_ratio', 'Share of live directions that were right', (line) => line.rightShare);
  realised(
    'live_behind_naive',
    'Tickers that a kind serves although its live record is behind naive',
    (line) => line.nBehind,
  );

  let drifted: { tallies: DriftTally[]; features: FeatureTally[] } = { tallies: [], features: [] };
  const lookedForDrift = new Probe(
    async () => {
      const [tallies, features] = await Promise.all([
        services.drift.tallies(context),
        services.drift.featureTallies(context),
      ]);
      drifted = { tallies, features };
    },
    ACCURACY_TIMEOUT_MS,
    ACCURACY_HOLDS_MS,
  );
  const drift = (name: string, help: string, value: (line: DriftTally) => number) => {
    const look = async (gauge: Gauge) => {
      await lookedForDrift.result();
      gauge.reset();
      for (const line of drifted.tallies) gauge.set(labels(line), value(line));
    };
    metrics.gauge(name, help, ['kind', 'horizon'], look, 'first');
  };
  const featureDrift = (name: string, help: string, value: (line: FeatureTally) => number) => {
    const look = async (gauge: Gauge) => {
      await lookedForDrift.result();
      gauge.reset();
      for (const line of drifted.features) gauge.set({ feature: line.feature }, value(line));
    };
    metrics.gauge(name, help, ['feature'], look, 'first');
  };
  drift('drift_watched_models', 'Tickers of a kind with a drift report', ({ watched }) => watched);
  drift('drift_alarming_models', 'Those of them whose newest drift report has an alarm', ({ alarming }) => alarming);
  featureDrift(
    'drift_feature_psi_max',
    'Largest population stability index of a feature against its training window, of the newest drift reports',
    ({ psi }) => psi,
  );
  featureDrift(
    'drift_feature_ks_max',
    'Largest Kolmogorov-Smirnov statistic of a feature against its training window, of the newest drift reports',
    ({ ks }) => ks,
  );

  accuracy('models_serving', 'Tickers that a kind serves', ({ n }) => n);
  accuracy(
    'model_rmse_ratio_to_naive',
    'Out-of-sample RMSE of what serves over that of the naive forecast, mean over its tickers',
    ({ rmseRatioToNaive }) => rmseRatioToNaive,
  );
  accuracy(
    'model_directional_accuracy_ratio',
    'Share of out-of-sample directions that were right, of what serves, mean over its tickers',
    ({ directionalAccuracy }) => directionalAccuracy,
  );
  accuracy(
    'model_coverage80_ratio',
    'Share of outcomes inside the 80% intervals, out of sample, of what serves, mean over its tickers',
    ({ coverage80 }) => coverage80,
  );
}
