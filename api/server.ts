import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeVersion } from '../config/code-version.ts';
import type { Config } from '../config/config.ts';
import { PROJECT_DIR } from '../config/project-dir.ts';
import { systemClock } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { sweepFolders, sweepTemporaryFolders } from '../serving/abandoned-folders.ts';
import type { AsideCounts } from '../serving/cache-aside.ts';
import { ChangeWatch, allTold } from '../serving/change-watch.ts';
import type { CacheCounts } from '../serving/dependency.ts';
import { ExperimentTraffic } from '../serving/experiment-traffic.ts';
import { hotFeatures } from '../serving/feature-store.ts';
import { CachedForecasts, ComputedForecasts } from '../serving/forecasts.ts';
import { CachedQuotes } from '../serving/cached-quotes.ts';
import { PredictionAudit } from '../serving/prediction-audit.ts';
import { RunWatch } from '../serving/run-watch.ts';
import { retrainRestated } from '../serving/retrain-restated.ts';
import { createServices } from '../serving/services.ts';
import { TemporalGateway } from '../serving/temporal-gateway.ts';
import { sourceDependencies } from '../serving/source-dependencies.ts';
import { type WarmUp, warmUp } from '../serving/warm-up.ts';
import { MemoryCache } from '../stores/cache/memory-cache.ts';
import { openSharedCache } from '../stores/cache/open-cache.ts';
import { MlflowHttp } from '../stores/mlflow/mlflow-http.ts';
import { openStores } from '../stores/open-stores.ts';
import { createApp } from './app.ts';
import { askedToStop } from './asked-to-stop.ts';
import { Followers } from './followers.ts';
import { listen } from './listen.ts';
import { ApiMetrics } from './observation/api-metrics.ts';
import { createLog, openLogFile } from './observation/log.ts';
import { performanceOf } from './observation/process-performance.ts';
import type { ApiParts } from './parts.ts';
import { PROBE_TIMEOUT_MS, Readiness } from './readiness.ts';
import { runReplicas } from './replicas.ts';
import type { Siblings } from './siblings.ts';

/** Requests get this long to finish after SIGTERM; with what closing costs, the process is gone within 10 s. */
const DRAIN_MS = 7000;
const EXIT_MS = 9500;
/** As many tickers as have their models loaded at the start. */
const MAX_HOT_FEATURES = 200;
const AUDIT_FLUSH_MS = 1500;
const LOG_FLUSH_MS = 300;

/**
 * Runs the API, in as many processes as are configured, until SIGTERM or SIGINT, then finishes what is under way. Prints
 * `api ready: …` when all listen, which does not wait for the database or for Temporal.
 * @throws StockcastError CONFIG_INVALID, STACK_FAILED when it can't listen
 */
export async function runApi(config: Config): Promise<void> {
  const onReady = (url: string) => process.stdout.write(`api ready: ${url}\n`);
  if (config.api.processes === 1) return runReplica(config, onReady);
  const logFile = openLogFile();
  const log = createLog(config.api.logLevel, logFile.stream);
  try {
    await runReplicas(config, { onReady, say: (line) => log.warn(line) });
  } finally {
    await logFile.close(LOG_FLUSH_MS);
  }
}

/** Composition root of one process of the API; as `runApi`. `siblings` where it is one of several. */
export async function runReplica(config: Config, onReady: (url: string) => void, siblings?: Siblings): Promise<void> {
  const asked = askedToStop();
  const stopping = new AbortController();
  const uploadsDir = join(config.stateDir, 'uploads');
  await Promise.all([sweepFolders(uploadsDir, new Date()), sweepTemporaryFolders(new Date())]);
  const stores = openStores(config);
  const tracing = await openTracingOf(config);
  const temporal = new TemporalGateway(config.temporal, { workflow: tracing === undefined ? [] : [tracing.client] });
  const near = new MemoryCache();
  const shared = await openSharedCache(config.redisUrl);
  const mlflow = config.mlflow === undefined ? undefined : new MlflowHttp(config.mlflow);
  const logFile = openLogFile();
  const log = createLog(config.api.logLevel, logFile.stream);
  const audit = new PredictionAudit(config.api.audit ? stores.predictionLog : undefined, {
    onTrouble: (error, counts) => {
      if (error === undefined) log.info(counts, 'the log of predictions is written again');
      else log.warn({ error, ...counts }, 'the log of predictions cannot be written; its rows wait');
    },
  });
  try {
    const { tenant, principal, seed, trainingWindow, requireApproval, parking, maxInFlight } = config;
    const { uploadLimitBytes, allowedHosts, predictionCache } = config.api;
    const { rateLimit, trustedProxies, waitLimitMs, maxStreams } = config.api;
    const direct = createServices(stores, codeVersion(PROJECT_DIR), config.gate, config.prices);
    const nearQuotes = new MemoryCache();
    const quotes = new CachedQuotes(direct.quotes, { near: nearQuotes, shared }, config.prices.quoteTtlMs);
    const nearFeatures = new MemoryCache(MAX_HOT_FEATURES);
    const watch = new ChangeWatch([near, nearFeatures, ...(shared === undefined ? [] : [shared])]);
    const hot = hotFeatures(nearFeatures, watch);
    const services = { ...direct, quotes, hotFeatures: hot };
    if (config.onRestatement === 'retrain') {
      services.alarm.retrainBy((context, id) => retrainRestated(services, temporal, context, id, config));
    }
    const metrics = new ApiMetrics();
    metrics.countedElsewhere('log_lines_dropped_total', 'Log lines that nobody read', [], () => [
      [{}, logFile.dropped()],
    ]);
    const experiments = new ExperimentTraffic(services, (error, line) => {
      if (line === undefined) log.warn({ error }, 'experiments cannot be read; what is known of them stays');
      else log.warn({ error, experiment: line.experimentId, ticker: line.ticker }, 'a model of an experiment failed');
    });
    stores.changes.listen(allTold([watch, experiments]));
    const forecasts =
      predictionCache === 'on'
        ? new CachedForecasts(services, { near, shared }, watch)
        : new ComputedForecasts(services, { near }, watch);
    const warm = warmUp(
      services,
      forecasts,
      { tenant, principal, clock: systemClock },
      // What is read before changes are heard would have to be read again.
      { after: watch.heard, signal: stopping.signal },
    );
    const parts: ApiParts = {
      services,
      temporal,
      forecasts,
      experiments,
      settings: {
        ...{ tenant, principal, seed, trainingWindow, requireApproval, parking, maxInFlight },
        ...{ uploadLimitBytes, allowedHosts, rateLimit, trustedProxies, waitLimitMs },
      },
      readiness: new Readiness([
        { name: 'promoted_models', required: true, isAtHand: true, ping: () => warmEnough(warm) },
        {
          name: 'database',
          // What lies ready is given without it.
          get required() {
            return warm.loaded === 0;
          },
          ping: () => stores.ping(),
        },
        { name: 'objects', required: true, ping: () => stores.pingObjects() },
        // Forecasts go on without it.
        { name: 'temporal', required: false, ping: () => temporal.ping(PROBE_TIMEOUT_MS) },
        ...(shared === undefined ? [] : [{ name: 'cache', required: false, ping: () => shared.ping() }]),
        // It is told by the workers, whenever it is there.
        ...(mlflow === undefined ? [] : [{ name: 'mlflow', required: false, ping: () => mlflow.ping() }]),
        ...sourceDependencies(services.prices),
      ]),
      caches: () => [
        services.loaded.counts,
        countsOf('forecasts', forecasts.counts, near.size),
        countsOf('features', hot.counts, nearFeatures.size),
        countsOf('quotes', quotes.counts, nearQuotes.size),
      ],
      ...{ audit, log, metrics, uploadsDir },
      tracer: tracing?.tracer,
      followers: new Followers(maxStreams, stopping.signal),
      watch: new RunWatch(temporal),
      version: projectVersion(),
      siblings,
    };
    const app = createApp(parts);
    siblings?.answer(
      { metrics: () => metrics.registry.getMetricsAsJSON(), performance: () => performanceOf(parts) },
      (error) => log.error({ error }, 'this process cannot tell its figures'),
    );
    const api = await listen(app, config.api.host, config.api.port);
    onReady(api.url);
    await asked;
    // A database that hangs must not keep the process from ending.
    setTimeout(() => process.exit(1), EXIT_MS).unref();
    stopping.abort();
    await api.stop(DRAIN_MS);
  } finally {
    stopping.abort();
    await audit.close(AUDIT_FLUSH_MS);
    if (audit.counts.dropped > 0) log.warn(audit.counts, 'rows of the log of predictions were lost');
    await temporal.close();
    await shared?.close();
    mlflow?.close();
    await stores.close();
    await tracing?.close();
    await logFile.close(LOG_FLUSH_MS);
  }
}

// What is not asked for is not even loaded.
async function openTracingOf({ tracing }: Config) {
  if (tracing === undefined) return undefined;
  const { openTracing } = await import('../serving/tracing.ts');
  const say = (line: string) => console.error(line);
  return openTracing({ ...tracing, service: 'stockcast-api', version: projectVersion(), say });
}

function countsOf(name: string, counts: AsideCounts, entries: number): CacheCounts {
  const { hit, miss, stale, failedLoads, sharedFailures } = counts;
  return { name, hits: hit, misses: miss, stale, failedLoads, sharedFailures, entries };
}

/** Settles unless promoted models are still being loaded; what can't be loaded now is loaded when it is asked for. */
async function warmEnough({ state, loaded }: WarmUp): Promise<void> {
  if (state === 'running')
    throw new StockcastError('NOT_READY', { problems: `${loaded} promoted models are loaded so far` });
}

function projectVersion(): string {
  const { version } = JSON.parse(readFileSync(join(PROJECT_DIR, 'package.json'), 'utf8')) as { version: string };
  return version;
}
