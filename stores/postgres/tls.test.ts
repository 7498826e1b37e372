import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { freePort } from '../../infra/free-port.ts';
import { startPostgres } from '../../infra/postgres/embedded-postgres.ts';
import { removePostgres } from '../../infra/postgres/postgres-home.ts';
import { PostgresChanges } from '../changes/postgres-changes.ts';
import { Database } from './database.ts';

const TLS_DIR = fileURLToPath(new URL('../../tests/support/tls/', import.meta.url));
const CA = join(TLS_DIR, 'ca.pem');
const OTHER_CA = join(TLS_DIR, 'other-ca.pem');

let stateDir: string;
let server: Awaited<ReturnType<typeof startPostgres>>;
let dataDir: string;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'stockcast-tls-'));
  server = await startPostgres({ stateDir, port: await freePort(0), settings: { fsync: 'off' } });
  const admin = open(server.url);
  dataDir = await admin.run(
    async (db) => (await sql<{ data_directory: string }>`show data_directory`.execute(db)).rows[0]!.data_directory,
  );
  show('server');
  writeFileSync(join(dataDir, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
  await admin.run((db) => sql`alter system set ssl = on`.execute(db));
  await reload(admin);
  await vi.waitFor(
    async () => {
      if (!(await encrypted(address('localhost', { sslmode: 'require' })))) throw new Error('not encrypted yet');
    },
    { timeout: 60_000, interval: 100 },
  );
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});
afterAll(async () => {
  await server?.stop();
  await removePostgres(stateDir);
  rmSync(stateDir, { recursive: true, force: true });
});

function open(url: string): Database {
  const database = new Database(url, { poolSize: 2, statementTimeoutMs: 30_000 });
  opened.push(database);
  return database;
}

const reload = (database: Database) => database.run((db) => sql`select pg_reload_conf()`.execute(db));

/** Has the server show this certificate, from its next reading of the configuration on. */
function show(name: 'server' | 'elsewhere'): void {
  const { uid, gid } = statSync(dataDir);
  for (const [from, to] of [
    [`${name}.pem`, 'server.crt'],
    [`${name}.key`, 'server.key'],
  ] as const) {
    const path = join(dataDir, to);
    copyFileSync(join(TLS_DIR, from), path);
    chmodSync(path, 0o600);
    chownSync(path, uid, gid);
  }
}

function address(host: string, parameters: Readonly<Record<string, string>> = {}): string {
  const url = new URL(server.url);
  url.hostname = host;
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** Whether a statement travels encrypted by this address. */
async function encrypted(url: string): Promise<boolean> {
  const { rows } = await open(url).run((db) =>
    sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(db),
  );
  return rows[0]!.ssl;
}

async function refusal(url: string): Promise<Error> {
  const failure = await encrypted(url).catch((error: Error) => error);
  expect(failure).toMatchObject({ code: 'CONFIG_INVALID', retryable: false });
  const { password } = new URL(server.url);
  expect(password.length).toBeGreaterThan(8);
  expect(String(failure)).not.toContain(password);
  expect((failure as Error).message).toContain('DATABASE_URL: ');
  return failure as Error;
}

it.each([
  ['localhost', { sslmode: 'require' }],
  ['localhost', { sslmode: 'require', sslrootcert: CA }],
  ['127.0.0.1', { sslmode: 'verify-ca', sslrootcert: CA }],
  ['localhost', { sslmode: 'verify-full', sslrootcert: CA }],
  ['127.0.0.1', { sslmode: 'verify-full', sslrootcert: CA }],
  ['localhost', { sslrootcert: CA }],
])('connects to %s with %j', async (host, parameters) => {
  expect(await encrypted(address(host, parameters))).toBe(true);
});

it.each([
  ['an authority that did not sign', { sslmode: 'verify-full', sslrootcert: OTHER_CA }],
  ['an authority that did not sign, names aside', { sslmode: 'verify-ca', sslrootcert: OTHER_CA }],
  [
    'an authority that did not sign, where encryption alone was asked for',
    { sslmode: 'require', sslrootcert: OTHER_CA },
  ],
  ["none but Node's authorities", { sslmode: 'verify-full' }],
  ["none but Node's authorities, by that name", { sslmode: 'verify-full', sslrootcert: 'system' }],
])('refuses a server by %s, and says so without secrets', async (_, parameters) => {
  const { message } = await refusal(address('localhost', parameters));
  expect(message).toMatch(/no TLS connection to the server: .*certificate.*sslrootcert/);
});

it('refuses another name than the certificate has, unless only the authority is asked for', async () => {
  const admin = open(address('localhost', { sslmode: 'require' }));
  await admin.ping();
  show('elsewhere');
  await reload(admin);
  try {
    const full = { sslmode: 'verify-full', sslrootcert: CA };
    await expect
      .poll(() => encrypted(address('localhost', full)).catch((error: { code: string }) => error.code), {
        timeout: 30_000,
      })
      .toBe('CONFIG_INVALID');
    expect((await refusal(address('localhost', full))).message).toContain('db.example');
    expect((await refusal(address('127.0.0.1', full))).message).toContain('127.0.0.1');
    expect(await encrypted(address('localhost', { sslmode: 'verify-ca', sslrootcert: CA }))).toBe(true);
  } finally {
    show('server');
    await reload(admin);
  }
  await expect
    .poll(() => encrypted(address('localhost', { sslmode: 'verify-full', sslrootcert: CA })).catch(() => false), {
      timeout: 30_000,
    })
    .toBe(true);
});

it('says that the server wants TLS when none is asked for, and that the password is wrong', async () => {
  for (const parameters of [{}, { sslmode: 'disable' }]) {
    expect((await refusal(address('localhost', parameters))).message).toContain('no encryption');
  }
  const guess = new URL(address('localhost', { sslmode: 'verify-full', sslrootcert: CA }));
  guess.password = 'a-wrong-guess';
  const { message } = await refusal(guess.href);
  expect(message).toContain('password authentication failed');
  expect(message).not.toContain('a-wrong-guess');
});

it('says so when a mode is unknown, an authority is missing, or its file', async () => {
  const made = (parameters: Readonly<Record<string, string>>) => () => open(address('localhost', parameters));
  expect(made({ sslmode: 'prefer' })).toThrow(/sslmode "prefer" is not possible: expected disable, require/);
  expect(made({ sslmode: 'verify-ca' })).toThrow(/verify-ca needs .* sslrootcert/);
  expect(made({ sslmode: 'verify-full', sslrootcert: '/none/ca.pem' })).toThrow(
    /DATABASE_URL: sslrootcert "\/none\/ca.pem" cannot be read \(ENOENT\)/,
  );
});

it('says that the server has no TLS where it is asked for', async () => {
  const admin = open(address('localhost', { sslmode: 'require' }));
  writeFileSync(join(dataDir, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n');
  await admin.run((db) => sql`alter system set ssl = off`.execute(db));
  await reload(admin);
  const asking = address('localhost', { sslmode: 'require' });
  try {
    await expect.poll(() => encrypted(server.url).catch(() => undefined), { timeout: 30_000 }).toBe(false);
    await expect
      .poll(() => encrypted(asking).catch((error: Error) => error.message), { timeout: 30_000 })
      .toContain('does not support SSL');
    await refusal(asking);
  } finally {
    const plain = open(server.url);
    await plain.run((db) => sql`alter system set ssl = on`.execute(db));
    writeFileSync(join(dataDir, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
    await reload(plain);
  }
  await expect.poll(() => encrypted(asking).catch(() => false), { timeout: 30_000 }).toBe(true);
});

it('hears of changes over TLS, by the same rules', async () => {
  const good = address('localhost', { sslmode: 'verify-full', sslrootcert: CA });
  const database = open(good);
  await database.ping();
  const heard: string[] = [];
  let hearing = 0;
  const listener = {
    changed: (_: string, ticker: string) => heard.push(ticker),
    hearing: () => hearing++,
    lost: () => {},
  };
  const [right, wrong] = [
    new PostgresChanges(good),
    new PostgresChanges(address('localhost', { sslmode: 'verify-full', sslrootcert: OTHER_CA })),
  ];
  opened.push(right, wrong);
  wrong.listen({ ...listener, hearing: () => heard.push('over a connection that must not be') });
  right.listen(listener);
  await expect.poll(() => hearing, { timeout: 30_000 }).toBe(1);
  const { rows } = await database.run((db) =>
    sql<{ ssl: boolean }>`
      select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'stockcast changes'`.execute(
      db,
    ),
  );
  expect(rows).toEqual([{ ssl: true }]);
  await database.run((db) => sql`select pg_notify('stockcast_changes', 'default/AAPL')`.execute(db));
  await expect.poll(() => heard, { timeout: 30_000 }).toEqual(['AAPL']);
});
