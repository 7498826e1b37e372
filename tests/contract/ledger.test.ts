import { afterAll, beforeAll } from 'vitest';
import { PostgresLedger } from '../../stores/ledger/postgres-ledger.ts';
import { Database } from '../../stores/postgres/database.ts';
import { type TestDatabase, freshDatabase } from '../support/postgres.ts';
import { ledgerContract } from './ledger.contract.ts';

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

ledgerContract(async () => new PostgresLedger(database));
