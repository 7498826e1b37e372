import { PostgresBarStore } from '../../stores/bars/postgres-bar-store.ts';
import { PostgresDriftStore } from '../../stores/drift/postgres-drift-store.ts';
import { PostgresExperimentStore } from '../../stores/experiments/postgres-experiment-store.ts';
import { PostgresForecastStore } from '../../stores/forecasts/postgres-forecast-store.ts';
import { PostgresLedger } from '../../stores/ledger/postgres-ledger.ts';
import { PostgresLineageStore } from '../../stores/lineage/postgres-lineage-store.ts';
import { Database } from '../../stores/postgres/database.ts';
import { PostgresModelRegistry } from '../../stores/registry/postgres-model-registry.ts';
import { PostgresScoreStore } from '../../stores/scores/postgres-score-store.ts';
import { PostgresTrialStore } from '../../stores/trials/postgres-trial-store.ts';
import { freshDatabase } from '../support/postgres.ts';
import type { Backend } from './backend.ts';
import { barStoreContract } from './bar-store.contract.ts';
import { driftStoreContract } from './drift-store.contract.ts';
import { experimentStoreContract } from './experiment-store.contract.ts';
import { forecastStoreContract } from './forecast-store.contract.ts';
import { ledgerContract } from './ledger.contract.ts';
import { lineageStoreContract } from './lineage-store.contract.ts';
import { modelRegistryContract } from './model-registry.contract.ts';
import { scoreStoreContract } from './score-store.contract.ts';
import { trialStoreContract } from './trial-store.contract.ts';

// Each connection has a pool of its own, as each process does.
function onPostgres<Store>(connected: (database: Database) => Store): () => Promise<Backend<Store>> {
  return async () => {
    const { url, drop } = await freshDatabase();
    const databases: Database[] = [];
    return {
      connect() {
        const database = new Database(url, { poolSize: 2, statementTimeoutMs: 30_000 });
        databases.push(database);
        return connected(database);
      },
      async close() {
        for (const database of databases) await database.close();
        await drop();
      },
    };
  };
}

barStoreContract(
  'PostgreSQL',
  onPostgres((database) => new PostgresBarStore(database)),
);
forecastStoreContract(
  'PostgreSQL',
  onPostgres((database) => new PostgresForecastStore(database)),
);
modelRegistryContract(
  'PostgreSQL',
  onPostgres((database) => new PostgresModelRegistry(database)),
);
ledgerContract(
  'PostgreSQL',
  onPostgres((database) => new PostgresLedger(database)),
);
trialStoreContract(
  'PostgreSQL',
  onPostgres((database) => new PostgresTrialStore(database)),
);
driftStoreContract(
  'PostgreSQL',
  onPostgres((database) => new PostgresDriftStore(database)),
);
lineageStoreContract(
  'PostgreSQL',
  onPostgres((database) => ({ lineage: new PostgresLineageStore(database), bars: new PostgresBarStore(database) })),
);
scoreStoreContract(
  'PostgreSQL',
  onPostgres((database) => ({
    scores: new PostgresScoreStore(database),
    forecasts: new PostgresForecastStore(database),
    bars: new PostgresBarStore(database),
    ledger: new PostgresLedger(database),
  })),
);
experimentStoreContract(
  'PostgreSQL',
  onPostgres((database) => ({
    experiments: new PostgresExperimentStore(database),
    ledger: new PostgresLedger(database),
  })),
);
