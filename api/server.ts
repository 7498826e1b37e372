import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeVersion } from '../config/code-version.ts';
import type { Config } from '../config/config.ts';
import { PROJECT_DIR } from '../config/project-dir.ts';
import { sweepFolders, sweepTemporaryFolders } from '../serving/abandoned-folders.ts';
import { createServices } from '../serving/services.ts';
import { TemporalGateway } from '../serving/temporal-gateway.ts';
import { openStores } from '../stores/open-stores.ts';
import { createApp } from './app.ts';
import { listen } from './listen.ts';

/** Requests get this long to finish after SIGTERM; with what closing costs, the process is gone within 10 s. */
const DRAIN_MS = 7000;
const EXIT_MS = 9500;

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
  try {
    const { tenant, principal, seed, trainingWindow, requireApproval, maxInFlight } = config;
    const { uploadLimitBytes, allowedHosts } = config.api;
    const app = createApp({
      services: createServices(stores, codeVersion(PROJECT_DIR), config.gate, config.prices),
      temporal,
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
    const asked = askedToStop();
    process.stdout.write(`api ready: ${api.url}\n`);
    await asked;
    // A database that hangs must not keep the process from ending.
    setTimeout(() => process.exit(1), EXIT_MS).unref();
    await api.stop(DRAIN_MS);
  } finally {
    await temporal.close();
    await stores.close();
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
