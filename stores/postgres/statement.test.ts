import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, freshDatabase } from '../../tests/support/postgres.ts';
import { Database } from './database.ts';
import { Statement } from './statement.ts';

const INGEST = { id: 'i', source: 's', accepted_rows: 1, rejected_rows: 0, report: '[]' };
const LEARNT = { tenant: 't', learnt_at: '2013-03-01T21:00:00.000Z' };

/** Sources of ingests that accepted this many rows or have this id, two at most. */
const SOURCES = new Statement<{ rows: number; id: string }, { source: string }>((db, place) =>
  db
    .selectFrom('ingest')
    .select('source')
    .where((eb) =>
      eb.or([
        eb('accepted_rows', '=', place('rows')),
        eb('rejected_rows', '=', place('rows')),
        eb('id', '=', place('id')),
      ]),
    )
    .orderBy('source')
    .limit(2),
);

let test: TestDatabase;
let database: Database;

beforeAll(async () => {
  test = await freshDatabase();
  // One connection, so that what it has prepared can be asked for.
  database = new Database(test.url, { poolSize: 1, statementTimeoutMs: 30_000 });
  const rows = [
    { ...INGEST, ...LEARNT },
    { ...INGEST, ...LEARNT, id: 'j', source: 'by j', accepted_rows: 5 },
    { ...INGEST, ...LEARNT, id: 'k', source: 'by 7', rejected_rows: 7 },
  ];
  await database.run((db) => db.insertInto('ingest').values(rows).execute());
});
afterAll(async () => {
  await database.close();
  await test.drop();
});

const prepared = () =>
  database.run(
    async (db) =>
      (
        await sql<{
          n: number;
        }>`select count(*) as n from pg_prepared_statements where statement like '%"ingest"%'`.execute(db)
      ).rows[0]!.n,
  );

it('puts each value in all of its places, and keeps what was said when it was built', async () => {
  expect(await database.ask(SOURCES, { rows: 7, id: 'j' })).toEqual([{ source: 'by 7' }, { source: 'by j' }]);
  expect(await database.ask(SOURCES, { rows: 5, id: 'none' })).toEqual([{ source: 'by j' }]);
  expect(await database.ask(SOURCES, { rows: 0, id: 'none' })).toHaveLength(2);
});

it('is prepared once by a connection, however often it is asked', async () => {
  for (let rows = 0; rows < 4; rows++) await database.ask(SOURCES, { rows, id: 'i' });
  expect(await prepared()).toBe(1);
});

it('goes on when its table gets another column while it is prepared', async () => {
  const asked = { rows: 5, id: 'none' };
  await database.ask(SOURCES, asked);
  await database.run((db) => sql`alter table ingest add column more text`.execute(db));
  expect(await database.ask(SOURCES, asked)).toEqual([{ source: 'by j' }]);
});

it('that the server refuses fails as it is, and the next one is answered', async () => {
  const refused = database.ask(SOURCES, { rows: 'many' as unknown as number, id: 'i' });
  await expect(refused).rejects.toMatchObject({ code: '22P02' });
  expect(await database.ask(SOURCES, { rows: 5, id: 'none' })).toEqual([{ source: 'by j' }]);
});
