import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../infra/free-port.ts';
import { type RunningPostgres, startPostgres } from '../../infra/postgres/embedded-postgres.ts';
import { removePostgres } from '../../infra/postgres/postgres-home.ts';
import { type Services, createServices } from '../../serving/services.ts';
import { takeInPrices } from '../../serving/take-in-prices.ts';
import { openStores } from '../../stores/open-stores.ts';
import { resampledUniverse } from './resampled-universe.ts';
import { CONTEXT } from './work.ts';

const SEED = 7;

/** Stores of one measurement's own, with the prices taken in. */
export interface Ground {
  readonly stateDir: string;
  readonly objectsDir: string;
  readonly databaseUrl: string;
  readonly postgresPid: number;
  readonly pricesPath: string;
  readonly services: Services;
  remove(): Promise<void>;
}

/** Starts a database, makes a folder of objects, and takes in the prices of so many tickers. */
export async function prepareGround(nTickers: number): Promise<Ground> {
  const stateDir = mkdtempSync(join(tmpdir(), 'stockcast-scale-'));
  // The database runs as another user where this process is root's.
  await chmod(stateDir, 0o755);
  const postgres: RunningPostgres = await startPostgres({ stateDir, port: await freePort(0) });
  const objectsDir = join(stateDir, 'objects');
  const pricesPath = join(stateDir, 'prices.csv');
  writeFileSync(pricesPath, resampledUniverse(nTickers, SEED));
  const stores = openStores({ database: { url: postgres.url, poolSize: 5, statementTimeoutMs: 60_000 }, objectsDir });
  const services = createServices(stores, 'bench');
  const file = { pricesPath, pricesName: 'resampled.csv', onBadRow: 'refuse', adjustSplits: false } as const;
  await takeInPrices(services, CONTEXT, file);
  return {
    ...{ stateDir, objectsDir, databaseUrl: postgres.url, pricesPath, services },
    postgresPid: postgres.pid,
    remove: async () => {
      await stores.close();
      await removePostgres(stateDir);
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
