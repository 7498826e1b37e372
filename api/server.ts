import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeVersion } from '../config/code-version.ts';
import type { Config } from '../config/config.ts';
import { PROJECT_DIR } from '../config/project-dir.ts';
import { systemClock } from '../domain/context.ts';
import { sweepFolders, sweepTemporaryFolders } from '../serving/abandoned-folders.ts';
import { ChangeWatch } from '../serving/change-watch.ts';
import { CachedForecasts, ComputedForecasts } from '../serving/forecasts.ts';
import { createServices } from '../serving/services.ts';
import { TemporalGateway } from '../serving/temporal-gateway.ts';
import { warmUp } from '../serving/warm-up.ts';
import { MemoryCache } from '../stores/cache/memory-cache.ts';
import { openSharedCache } from '../stores/cache/open-cache.ts';
import { openStores } from '../stores/open-stores.ts';
import { createApp } from './app.ts';
import { askedToStop } from './asked-to-stop.ts';
import { listen } from './listen.ts';
import { runReplicas } from './replicas.ts';

/** Requests get this long to finish after SIGTERM; with what closing costs, the process is gone within 10 s. */
const DRAIN_MS = 7000;
const EXIT_MS = 9500;

/**
 * Runs the API, in as many processes as are configured, until SIGTERM or SIGINT, then finishes what is under way. Prints
 * `api ready: …` when all listen, which does not wait for the database or for Temporal.
 * @throws StockcastError CONFIG_INVALID, STACK_FAILED when it can't listen
 */
export async function runApi(config: Config): Promise<void> {
  const onReady = (url: string) => process.stdout.write(`api ready: ${url}\n`);
  const say = (line: string) => process.stderr.write(`${line}\n`);
  if (config.api.processes > 1) await runReplicas(config, { onReady, say });
  else await runReplica(config, onReady);
}

/** Composition root of one process of the API; as `runApi`. */
export async function runReplica(config: Config, onReady: (url: string) => void): Promise<void> {
  const asked = askedToStop();
  const stopping = new AbortController();
  const uploadsDir = join(config.stateDir, 'uploads');
  await Promise.all([sweepFolders(uploadsDir, new Date()), sweepTemporaryFolders(new Date())]);
  const stores = openStores(config);
  const temporal = new TemporalGateway(config.temporal);
  const near = new MemoryCache();
  const shared = await openSharedCache(config.redisUrl);
  try {
    const { tenant, principal, seed, trainingWindow, requireApproval, maxInFlight } = config;
    const { uploadLimitBytes, allowedHosts, predictionCache } = config.api;
    const services = createServices(stores, codeVersion(PROJECT_DIR), config.gate);
    const watch = new ChangeWatch(shared === undefined ? [near] : [near, shared]);
    stores.changes.listen(watch);
    const forecasts =
      predictionCache === 'on'
        ? new CachedForecasts(services, { near, shared }, watch)
        : new ComputedForecasts(services, { near }, watch);
    const app = createApp({
      services,
      temporal,
      forecasts,
      warmUp: warmUp(
        services,
        forecasts,
        { tenant, principal, clock: systemClock },
        // What is read before changes are heard would have to be read again.
        { after: watch.heard, signal: stopping.signal },
      ),
      settings: {
        ...{ tenant, principal, seed, trainingWindow, requireApproval, maxInFlight },
        uploadLimitBytes,
        allowedHosts,
      },
      pingDatabase: () => stores.ping(),
      uploadsDir,
      log: (entry) => process.stderr.write(`${JSON.stringify(entry)}\n`),
      version: projectVersion(),
    });
    const api = await listen(app, config.api.host, config.api.port);
    onReady(api.url);
    await asked;
    stopping.abort();
    // A database that hangs must not keep the process from ending.
    setTimeout(() => process.exit(1), EXIT_MS).unref();
    await api.stop(DRAIN_MS);
  } finally {
    stopping.abort();
    await temporal.close();
    await shared?.close();
    await stores.close();
  }
}

function projectVersion(): string {
  const { version } = JSON.parse(readFileSync(join(PROJECT_DIR, 'package.json'), 'utf8')) as { version: string };
  return version;
}
