import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeVersion } from '../config/code-version.ts';
import type { Config } from '../config/config.ts';
import { PROJECT_DIR } from '../config/project-dir.ts';
import { sweepFolders, sweepTemporaryFolders } from '../serving/abandoned-folders.ts';
import { PredictionAudit } from '../serving/prediction-audit.ts';
import { RunWatch } from '../serving/run-watch.ts';
import { createServices } from '../serving/services.ts';
import { TemporalGateway } from '../serving/temporal-gateway.ts';
import { openStores } from '../stores/open-stores.ts';
import { createApp } from './app.ts';
import { Followers } from './followers.ts';
import { listen } from './listen.ts';
import { ApiMetrics } from './observation/api-metrics.ts';
import { createLog, openLogFile } from './observation/log.ts';
import { PROBE_TIMEOUT_MS, Readiness } from './readiness.ts';

/** Requests get this long to finish after SIGTERM; with what closing costs, the process is gone within 10 s. */
const DRAIN_MS = 7000;
const EXIT_MS = 9500;
const AUDIT_FLUSH_MS = 1500;
const LOG_FLUSH_MS = 300;

/**
 * Composition root of the API: listens until SIGTERM or SIGINT, then finishes what is under way. Prints `api ready: …`
 * when it listens, which does not wait for the database or for Temporal.
 * @throws StockcastError CONFIG_INVALID, STACK_FAILED when it can't listen
 */
export async function runApi(config: Config): Promise<void> {
  const uploadsDir = join(config.stateDir, 'uploads');
  await Promise.all([sweepFolders(uploadsDir, new Date()), sweepTemporaryFolders(new Date())]);
  const stores = openStores(config);
  const temporal = new TemporalGateway(config.temporal);
  const logFile = openLogFile();
  const log = createLog(config.api.logLevel, logFile.stream);
  const audit = new PredictionAudit(config.api.audit ? stores.predictionLog : undefined, {
    onTrouble: (error, counts) => {
      if (error === undefined) log.info(counts, 'the log of predictions is written again');
      else log.warn({ error, ...counts }, 'the log of predictions cannot be written; its rows wait');
    },
  });
  const stopping = new AbortController();
  try {
    const { tenant, principal, seed, trainingWindow, requireApproval, maxInFlight } = config;
    const { uploadLimitBytes, allowedHosts, rateLimit, trustedProxies, waitLimitMs, maxStreams } = config.api;
    const services = createServices(stores, codeVersion(PROJECT_DIR), config.gate);
    const metrics = new ApiMetrics();
    metrics.countedElsewhere('log_lines_dropped_total', 'Log lines that nobody read', [], () => [
      [{}, logFile.dropped()],
    ]);
    const app = createApp({
      services,
      temporal,
      settings: {
        ...{ tenant, principal, seed, trainingWindow, requireApproval, maxInFlight },
        ...{ uploadLimitBytes, allowedHosts, rateLimit, trustedProxies, waitLimitMs },
      },
      readiness: new Readiness([
        { name: 'database', required: true, ping: () => stores.ping() },
        { name: 'objects', required: true, ping: () => stores.pingObjects() },
        // Forecasts go on without it.
        { name: 'temporal', required: false, ping: () => temporal.ping(PROBE_TIMEOUT_MS) },
      ]),
      caches: () => [services.loaded.counts],
      ...{ audit, log, metrics, uploadsDir },
      followers: new Followers(maxStreams, stopping.signal),
      watch: new RunWatch(temporal),
      version: projectVersion(),
    });
    const api = await listen(app, config.api.host, config.api.port);
    const asked = askedToStop();
    process.stdout.write(`api ready: ${api.url}\n`);
    await asked;
    // A database that hangs must not keep the process from ending.
    setTimeout(() => process.exit(1), EXIT_MS).unref();
    stopping.abort();
    await api.stop(DRAIN_MS);
  } finally {
    await audit.close(AUDIT_FLUSH_MS);
    if (audit.counts.dropped > 0) log.warn(audit.counts, 'rows of the log of predictions were lost');
    await temporal.close();
    await stores.close();
    await logFile.close(LOG_FLUSH_MS);
  }
}

function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

function projectVersion(): string {
  const { version } = JSON.parse(readFileSync(join(PROJECT_DIR, 'package.json'), 'utf8')) as { version: string };
  return version;
}
