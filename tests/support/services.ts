import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PriceSettings } from '../../domain/price-source.ts';
import { type Services, createServices } from '../../serving/services.ts';
import { openStores } from '../../stores/open-stores.ts';
import { freshDatabase } from './postgres.ts';

/** The use cases on real stores of one test file's own. */
export interface TestServices {
  readonly services: Services;
  readonly databaseUrl: string;
  readonly objectsDir: string;
  close(): Promise<void>;
}

/** Opens a database and an object folder, both empty, and puts the use cases on them. */
export async function openServices(prices?: PriceSettings): Promise<TestServices> {
  const database = await freshDatabase();
  const objectsDir = mkdtempSync(join(tmpdir(), 'stockcast-objects-'));
  const stores = openStores({ database: { url: database.url, poolSize: 5, statementTimeoutMs: 30_000 }, objectsDir });
  return {
    services: createServices(stores, 'code-1', undefined, prices),
    databaseUrl: database.url,
    objectsDir,
    close: async () => {
      await stores.close();
      await database.drop();
      rmSync(objectsDir, { recursive: true, force: true });
    },
  };
}
