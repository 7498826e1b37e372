import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Bar } from '../../domain/bar.ts';
import { freshContext } from '../../tests/contract/backend.ts';
import { type TestDatabase, freshDatabase } from '../../tests/support/postgres.ts';
import { Database } from '../postgres/database.ts';
import { PostgresBarStore } from './postgres-bar-store.ts';

const bar: Bar = {
  ticker: 'AAPL',
  sector: 'Technology',
  date: '2013-03-01',
  open: 1,
  high: 1,
  low: 1,
  close: 1,
  volume: 1,
};

let test: TestDatabase;
let patient: Database;
let impatient: Database;
beforeAll(async () => {
  test = await freshDatabase();
  patient = new Database(test.url, { poolSize: 1, statementTimeoutMs: 30_000 });
  await patient.ping();
  impatient = new Database(test.url, { poolSize: 1, statementTimeoutMs: 1000 });
});
afterAll(async () => {
  await Promise.all([patient.close(), impatient.close()]);
  await test.drop();
});

it('a merge that waits too long for another says so, and does not blame the database', async () => {
  const context = freshContext();
  const record = (id: string) => ({ id, source: id, acceptedRows: 1, rejectedRows: 0, report: [] });
  let end!: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let begun!: () => void;
  const holds = new Promise<void>((resolve) => (begun = resolve));
  const large = new PostgresBarStore(patient).merge(
    context,
    record('large'),
    (async function* () {
      begun();
      await ended;
      yield [bar];
    })(),
    [],
  );
  await holds;
  const second = () => new PostgresBarStore(impatient).merge(context, record('second'), [[bar]], []);
  await expect(second()).rejects.toMatchObject({ code: 'UPLOAD_BUSY', retryable: true });
  end();
  expect(await large).toMatchObject({ added: { AAPL: 1 } });
  expect(await second()).toMatchObject({ unchanged: 1 });
});
