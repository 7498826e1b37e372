import { StockcastError } from '../domain/errors.ts';
import { PostgresPredictionLog } from './audit/postgres-prediction-log.ts';
import { PostgresBarStore } from './bars/postgres-bar-store.ts';
import { PostgresChanges } from './changes/postgres-changes.ts';
import { PostgresDriftStore } from './drift/postgres-drift-store.ts';
import { PostgresForecastStore } from './forecasts/postgres-forecast-store.ts';
import { PostgresLedger } from './ledger/postgres-ledger.ts';
import { PostgresLineageStore } from './lineage/postgres-lineage-store.ts';
import { PostgresExperimentStore } from './experiments/postgres-experiment-store.ts';
import { FolderObjectStore } from './objects/folder-object-store.ts';
import type { S3Address } from './objects/s3-connection.ts';
import { S3ObjectStore } from './objects/s3-object-store.ts';
import { Database } from './postgres/database.ts';
import { PostgresModelRegistry } from './registry/postgres-model-registry.ts';
import { PostgresRestatementStore } from './restatements/postgres-restatement-store.ts';
import { PostgresScoreStore } from './scores/postgres-score-store.ts';
import { PostgresTrialStore } from './trials/postgres-trial-store.ts';

/** Where the stores are. */
export interface StoreAddresses {
  readonly database: {
    readonly url: string | undefined;
    readonly poolSize: number;
    readonly statementTimeoutMs: number;
  };
  readonly objectsDir: string;
  /** Keeps the objects in place of the folder. */
  readonly s3?: S3Address | undefined;
}

/**
 * Opens every store. Servers are connected to at first use, so this works while they are away; the database's tables and
 * the bucket of the objects are made then, if they are missing.
 * @throws StockcastError CONFIG_INVALID when no database is named
 */
export function openStores({ database: { url, ...options }, objectsDir, s3 }: StoreAddresses) {
  if (url === undefined) {
    throw new StockcastError('CONFIG_INVALID', {
      problems: 'no database is named: start the local stack here with npm start, or set DATABASE_URL',
    });
  }
  const database = new Database(url, options);
  const objects = s3 === undefined ? new FolderObjectStore(objectsDir) : new S3ObjectStore(s3);
  const changes = new PostgresChanges(url);
  return {
    /** For what is kept beside the stores. */
    database,
    bars: new PostgresBarStore(database),
    forecasts: new PostgresForecastStore(database),
    registry: new PostgresModelRegistry(database),
    ledger: new PostgresLedger(database),
    lineage: new PostgresLineageStore(database),
    trials: new PostgresTrialStore(database),
    restatements: new PostgresRestatementStore(database),
    scores: new PostgresScoreStore(database),
    drift: new PostgresDriftStore(database),
    experiments: new PostgresExperimentStore(database),
    predictionLog: new PostgresPredictionLog(database),
    objects,
    /** Connects when somebody listens. */
    changes,
    /** @throws StockcastError DATABASE_UNAVAILABLE */
    ping: () => database.ping(),
    /** @throws StockcastError OBJECTS_UNAVAILABLE, OBJECTS_REFUSED where a server keeps them */
    pingObjects: () => objects.ping(),
    close: async () => {
      await changes.close();
      await database.close();
      await objects.close();
    },
  };
}
