import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../infra/free-port.ts';
import { startPostgres } from '../../infra/postgres/embedded-postgres.ts';
import { removePostgres } from '../../infra/postgres/postgres-home.ts';
import { type TestDatabase, freshDatabase } from '../../tests/support/postgres.ts';
import { Database } from './database.ts';

const unavailable = expect.objectContaining({ code: 'DATABASE_UNAVAILABLE', retryable: true });

describe('the database', () => {
  let test: TestDatabase;
  const opened: Database[] = [];

  const open = (url = test.url, options = {}) => {
    const database = new Database(url, { poolSize: 2, statementTimeoutMs: 30_000, ...options });
    opened.push(database);
    return database;
  };

  beforeAll(async () => {
    test = await freshDatabase();
  });
  afterAll(async () => {
    for (const database of opened) await database.close();
    await test.drop();
  });

  const tables = (database: Database) =>
    database.run(async (db) =>
      (
        await sql<{ name: string }>`
            select table_name as name from information_schema.tables where table_schema = 'public' order by 1`.execute(
          db,
        )
      ).rows.map((row) => row.name),
    );

  it('makes its tables by itself, in many processes at once, once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => open().ping()));
    const first = await tables(open());
    expect(first).toEqual(expect.arrayContaining(['bar_version', 'forecast', 'ingest', 'model', 'promotion']));
    await Promise.all([open().ping(), open().ping()]);
    expect(await tables(open())).toEqual(first);
  });

  it.each([
    ['a newer version has changed', "insert into kysely_migration values ('0999-future', now()::text)"],
    [
      'an older version has made under other names',
      "update kysely_migration set name = '0000-early' where name like '0001%'",
    ],
    ['something else has made', 'delete from kysely_migration'],
  ])('refuses tables that %s, and says what to do', async (_, change) => {
    const fresh = await freshDatabase();
    const first = new Database(fresh.url, { poolSize: 1, statementTimeoutMs: 30_000 });
    await first.run((db) => sql.raw(change).execute(db));
    await first.close();
    const next = new Database(fresh.url, { poolSize: 1, statementTimeoutMs: 30_000 });
    await expect(next.ping()).rejects.toMatchObject({
      code: 'DATABASE_INCOMPATIBLE',
      message: expect.stringMatching(/npm start -- --fresh/),
    });
    await next.close();
    await fresh.drop();
  });

  it('manages with one connection', async () => {
    const fresh = await freshDatabase();
    const database = new Database(fresh.url, { poolSize: 1, statementTimeoutMs: 30_000 });
    await Promise.all([database.ping(), tables(database), database.transaction((db) => sql`select 1`.execute(db))]);
    await database.close();
    await fresh.drop();
  });

  it('opens as many connections as it may, and no more', async () => {
    const fresh = await freshDatabase();
    const database = new Database(fresh.url, { poolSize: 3, statementTimeoutMs: 30_000 });
    await database.ping();
    let under = 0;
    let release = (): void => undefined;
    const all = new Promise<void>((resolve) => (release = resolve));
    const busy = Array.from({ length: 9 }, () =>
      database.transaction(async (db) => {
        await sql`select 1`.execute(db);
        under++;
        if (under === 3) release();
        await all;
      }),
    );
    await all;
    await Promise.all(busy);
    const { rows } = await open(fresh.url).run((db) =>
      sql<{ n: number }>`
        select count(*) as n from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`.execute(db),
    );
    expect(rows).toEqual([{ n: 3 }]);
    await database.close();
    await fresh.drop();
  });

  it('gives dates and instants as texts and floats to the last bit, however the server is set up', async () => {
    const setUp = await freshDatabase();
    await open(setUp.url).run(async (db) => {
      const itself = sql.id(new URL(setUp.url).pathname.slice(1));
      await sql`alter database ${itself} set datestyle to 'SQL, DMY'`.execute(db);
      await sql`alter database ${itself} set extra_float_digits to 0`.execute(db);
      await sql`alter database ${itself} set timezone to 'Asia/Kolkata'`.execute(db);
    });
    for (const url of [test.url, setUp.url]) {
      const { rows } = await open(url).run((db) =>
        sql`select '2013-03-01'::date as day, '2013-03-01T21:00:00.123Z'::timestamptz as at, count(*) as n,
          ${0.1 + 0.2}::float8 as sum, ${5e-324}::float8 as least, '-0'::float8 as minus`.execute(db),
      );
      expect(rows).toEqual([
        { day: '2013-03-01', at: '2013-03-01T21:00:00.123Z', n: 1, sum: 0.1 + 0.2, least: 5e-324, minus: -0 },
      ]);
    }
    for (const database of opened.splice(0)) await database.close();
    await setUp.drop();
  });

  it('leaves failures of the statement itself as they are, and undoes their transaction', async () => {
    const database = open();
    const failing = database.transaction(async (db) => {
      await sql`create table scratch ()`.execute(db);
      await sql`select 1 / 0`.execute(db);
    });
    await expect(failing).rejects.toMatchObject({ code: '22012' });
    expect(await tables(database)).not.toContain('scratch');
  });

  it('says when the database takes too long', async () => {
    const sleepy = open(test.url, { statementTimeoutMs: 300 });
    await sleepy.ping();
    await expect(sleepy.run((db) => sql`select pg_sleep(10)`.execute(db))).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringContaining('statement timeout: the limit is DATABASE_STATEMENT_TIMEOUT_MS'),
    });
    await sleepy.ping();
  });

  it('says when nobody is there, when nobody has that name, and when it is refused', async () => {
    const nobody = new URL(test.url);
    nobody.port = String(await freePort(0));
    await expect(open(nobody.href).ping()).rejects.toEqual(unavailable);
    nobody.hostname = 'localhost';
    await expect(open(nobody.href).ping()).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    nobody.hostname = 'nobody.invalid';
    await expect(open(nobody.href).ping()).rejects.toEqual(unavailable);

    const refused = new URL(test.url);
    refused.password = 'guess';
    const failure = await open(refused.href)
      .ping()
      .catch((error: Error) => error);
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('DATABASE_URL') });
    expect(String(failure)).not.toContain('guess');
    refused.password = new URL(test.url).password;
    refused.pathname = '/no_such_database';
    await expect(open(refused.href).ping()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('says when all connections stay busy, and works on when they are free again', async () => {
    const busy = open(test.url, { poolSize: 1, connectTimeoutMs: 300 });
    await busy.ping();
    let end = (): void => undefined;
    const held = busy.transaction(() => new Promise<void>((resolve) => (end = resolve)));
    await expect(busy.ping()).rejects.toEqual(unavailable);
    end();
    await held;
    await busy.ping();
  });

  it('loses an idle and a busy connection without harm to the process', async () => {
    const [database, executioner] = [open(), open()];
    await Promise.all([database.ping(), executioner.ping()]);
    const kill = (pid: number) => executioner.run((db) => sql`select pg_terminate_backend(${pid})`.execute(db));
    const pidOf = async (db: Parameters<Parameters<Database['run']>[0]>[0]) =>
      (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]!.pid;

    await kill(await database.run(pidOf));
    await expect.poll(() => database.ping().then(() => 'back'), { timeout: 5000 }).toBe('back');
    const cut = database.transaction(async (db) => {
      await kill(await pidOf(db));
      // The connection breaks while no statement is under way.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await sql`select 1`.execute(db);
    });
    await expect(cut).rejects.toEqual(unavailable);
    await database.ping();
  });
});

describe('a database whose server comes and goes', () => {
  it('is unavailable while the server is away, and back by itself when it is back', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'stockcast-database-'));
    const port = await freePort(0);
    const start = () => startPostgres({ stateDir, port, settings: { fsync: 'off' } });
    let server = await start();
    const early = new Database(server.url, { poolSize: 3, statementTimeoutMs: 30_000 });
    const late = new Database(server.url, { poolSize: 3, statementTimeoutMs: 30_000 });
    try {
      await early.run((db) => sql`create table memory as select 42 as number`.execute(db));
      const waiting = early.run((db) => sql`select pg_sleep(60)`.execute(db));
      const cut = expect(waiting).rejects.toEqual(unavailable);
      process.kill(server.pid, 'SIGKILL');
      await cut;
      // One has used it before, with connections in its pool; the other's first use makes tables.
      for (let i = 0; i < 3; i++) await expect(early.ping()).rejects.toEqual(unavailable);
      await expect(late.ping()).rejects.toEqual(unavailable);
      server = await start();
      await Promise.all([early.ping(), late.ping()]);
      const { rows } = await early.run((db) => sql`select number from memory`.execute(db));
      expect(rows).toEqual([{ number: 42 }]);

      await server.stop();
      await expect(early.ping()).rejects.toEqual(unavailable);
      server = await start();
      await early.ping();
    } finally {
      await Promise.all([early.close(), late.close()]);
      await server.stop();
      await removePostgres(stateDir);
      rmSync(stateDir, { recursive: true, force: true });
    }
  });
});
