import { Kysely, Migrator, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { expect, it } from 'vitest';
import { freshContext } from '../../tests/contract/backend.ts';
import { freshDatabase } from '../../tests/support/postgres.ts';
import { PostgresLedger } from '../ledger/postgres-ledger.ts';
import { Database } from './database.ts';
import * as tables from './migrations/0001-tables.ts';

it('brings a ledger of the first version along: what served serves on, each run one live execution', async () => {
  const { url, drop } = await freshDatabase();
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }) });
  const provider = { getMigrations: async () => ({ '0001-tables': tables }) };
  expect((await new Migrator({ db, provider }).migrateToLatest()).error).toBeUndefined();
  const context = freshContext();
  await sql`
    insert into promotion (tenant, ticker, horizon, as_of, model_id, kind, reasons, principal, run_id, at, moved_live)
    values (${context.tenant}, 'AAPL', 10, '2013-03-01', 'a', 'naive', '[]', 'tester', 'run', now(), true)`.execute(db);
  await db.destroy();

  const database = new Database(url, { poolSize: 1, statementTimeoutMs: 30_000 });
  const ledger = new PostgresLedger(database);
  const served = await ledger.production(context, 'AAPL', 10);
  expect(served).toMatchObject({ modelId: 'a', runId: 'run', executionId: 'run', live: true, movedLive: true });
  const { entry: ____, previousModelId: _, movedLive: __, at: ___, ...entry } = served!;
  expect(await ledger.enter(context, { ...entry, modelId: 'b', executionId: 'next' })).toMatchObject({
    movedLive: true,
    previousModelId: 'a',
  });
  await database.close();
  await drop();
});
