import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../infra/free-port.ts';
import { startPostgres } from '../../infra/postgres/embedded-postgres.ts';
import { removePostgres } from '../../infra/postgres/postgres-home.ts';
import { Database } from './database.ts';
import type { Schema } from './schema.ts';
import { Statement } from './statement.ts';

const pidOf = async (db: Kysely<Schema>) =>
  (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]!.pid;

const PID = new Statement<object, { pid: number }>((db) =>
  db.selectNoFrom((eb) => eb.fn<number>('pg_backend_pid').as('pid')),
);

describe('a server that does not answer any more', () => {
  it('is given up after a while, in a transaction too, and the connection to it is not used again', async () => {
    // A server of its own, since the process of a frozen connection stays.
    const stateDir = mkdtempSync(join(tmpdir(), 'stockcast-silent-'));
    const server = await startPostgres({ stateDir, port: await freePort(0), settings: { fsync: 'off' } });
    const database = new Database(server.url, { poolSize: 1, statementTimeoutMs: 200 });
    const frozen: number[] = [];
    try {
      frozen.push(await database.run(pidOf));
      process.kill(frozen[0]!, 'SIGSTOP');
      const silent = { code: 'DATABASE_UNAVAILABLE', message: expect.stringContaining('Query read timeout') };
      await expect(database.ping()).rejects.toMatchObject(silent);
      const [asked] = await database.ask(PID, {});
      expect(asked!.pid).not.toBe(frozen[0]);
      frozen.push(asked!.pid);
      process.kill(asked!.pid, 'SIGSTOP');
      await expect(database.ask(PID, {})).rejects.toMatchObject(silent);

      const cut = database.transaction(async (db) => {
        const pid = await pidOf(db);
        expect(frozen).not.toContain(pid);
        frozen.push(pid);
        process.kill(pid, 'SIGSTOP');
        await sql`select 1`.execute(db);
      });
      await expect(cut).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      expect(frozen).not.toContain(await database.run(pidOf));
    } finally {
      await database.close();
      for (const pid of frozen) process.kill(pid, 'SIGKILL');
      await server.stop();
      await removePostgres(stateDir);
      rmSync(stateDir, { recursive: true, force: true });
    }
  });
});
