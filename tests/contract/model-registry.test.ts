import { afterAll, beforeAll } from 'vitest';
import { PostgresModelRegistry } from '../../stores/registry/postgres-model-registry.ts';
import { Database } from '../../stores/postgres/database.ts';
import { type TestDatabase, freshDatabase } from '../support/postgres.ts';
import { modelRegistryContract } from './model-registry.contract.ts';

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await freshDatabase();
  database = new Database(testDatabase.url, { poolSize: 10, statementTimeoutMs: 60_000 });
});

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

modelRegistryContract(async () => new PostgresModelRegistry(database));
