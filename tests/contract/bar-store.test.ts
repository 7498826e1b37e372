import { afterAll, beforeAll } from 'vitest';
import { PostgresBarStore } from '../../stores/bars/postgres-bar-store.ts';
import { Database } from '../../stores/postgres/database.ts';
import { type TestDatabase, freshDatabase } from '../support/postgres.ts';
import { barStoreContract } from './bar-store.contract.ts';

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

barStoreContract(async () => new PostgresBarStore(database));
