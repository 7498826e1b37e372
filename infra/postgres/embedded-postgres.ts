import { type ChildProcess, type SpawnOptions, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { StockcastError } from '../../domain/errors.ts';
import { program } from './postgres-binaries.ts';
import { type PostgresHome, giveTo, postgresHome } from './postgres-home.ts';

const USER = 'stockcast';
const DATABASE = 'stockcast';
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const DONE = 'stockcast-initialised';

/** How to run a prepared PostgreSQL as a child process. */
export interface PreparedPostgres {
  readonly command: string;
  readonly args: readonly string[];
  readonly spawnOptions: Pick<SpawnOptions, 'uid' | 'gid' | 'cwd' | 'env'>;
  /** Holds the password. */
  readonly url: string;
  readonly dataDir: string;
  /** Waits until the child takes connections and the database is there. */
  ready(): Promise<void>;
}

/**
 * Prepares the PostgreSQL of a state folder: makes its data folder at first, and ends what an earlier process that was
 * killed has left running on it. It will listen on 127.0.0.1 alone and ask for a password.
 * @throws StockcastError STACK_FAILED
 */
export async function preparePostgres(options: { stateDir: string; port: number }): Promise<PreparedPostgres> {
  const home = postgresHome(options.stateDir);
  const spawnOptions = { cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }, ...home.user };
  await endLeftover(home);
  if (!existsSync(join(home.dataDir, DONE))) await initialise(home, spawnOptions);
  const { port } = options;
  const url = `postgres://${USER}:${home.password}@127.0.0.1:${port}/${DATABASE}`;
  return {
    command: program(home.binariesDir, 'postgres'),
    args: ['-D', home.dataDir, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    spawnOptions,
    url,
    dataDir: home.dataDir,
    ready: () => waitUntilReady(url, home.dataDir),
  };
}

/** A PostgreSQL that runs as a child of this process. */
export interface RunningPostgres {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Prepares and runs the PostgreSQL of a state folder; used where no supervisor watches over it. */
export async function startPostgres(options: { stateDir: string; port: number }): Promise<RunningPostgres> {
  const prepared = await preparePostgres(options);
  const child = spawn(prepared.command, prepared.args, { ...prepared.spawnOptions, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = `${log}${chunk.toString()}`.slice(-4000);
  });
  const died = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(failed(`it ended with ${code}: ${log.trim()}`)));
  });
  died.catch(() => {});
  await Promise.race([prepared.ready(), died]);
  return { url: prepared.url, pid: child.pid!, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  // "Fast shutdown": disconnects everybody and closes the files properly.
  child.kill('SIGINT');
  await exited;
}

async function initialise(home: PostgresHome, spawnOptions: PreparedPostgres['spawnOptions']): Promise<void> {
  // A data folder without the mark is what a killed initdb has left.
  rmSync(home.dataDir, { recursive: true, force: true });
  mkdirSync(home.dataDir, { recursive: true, mode: 0o700 });
  giveTo(home, home.dataDir);
  const passwordFile = join(home.dataDir, '..', `password-${process.pid}`);
  writeFileSync(passwordFile, `${home.password}\n`, { mode: 0o600 });
  giveTo(home, passwordFile);
  const args = ['-D', home.dataDir, '-U', USER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C'];
  try {
    await promisify(execFile)(program(home.binariesDir, 'initdb'), args, spawnOptions);
  } catch (cause) {
    throw failed(`initdb failed: ${(cause as { stderr?: string }).stderr?.trim() || String(cause)}`, cause);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  writeFileSync(join(home.dataDir, DONE), '');
  giveTo(home, join(home.dataDir, DONE));
}

// The first line of postmaster.pid is the process id, the second its data folder. A process of that id that is not a
// PostgreSQL on this folder has nothing to do with us.
async function endLeftover({ dataDir }: PostgresHome): Promise<void> {
  const pidFile = join(dataDir, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const [pidText, folder] = readFileSync(pidFile, 'utf8').split('\n');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 1 || folder !== dataDir || !isPostgresOn(pid, dataDir)) {
    rmSync(pidFile, { force: true });
    return;
  }
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    process.kill(pid, signal);
    const until = Date.now() + STOP_TIMEOUT_MS;
    while (Date.now() < until) {
      if (!isPostgresOn(pid, dataDir)) return;
      await sleep(50);
    }
  }
  throw failed(`the PostgreSQL with process id ${pid}, left on ${dataDir}, does not end`);
}

function isPostgresOn(pid: number, dataDir: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(dataDir);
  } catch {
    // No /proc (macOS): the pid file's word has to do. No such process: it has ended.
    return !existsSync('/proc') && isAlive(pid);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function waitUntilReady(url: string, dataDir: string): Promise<void> {
  const admin = new URL(url);
  admin.pathname = '/postgres';
  const until = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: admin.href, connectionTimeoutMillis: 2000 });
    client.on('error', () => {});
    try {
      await client.connect();
      const shown = await client.query<{ data_directory: string }>('show data_directory');
      if (shown.rows[0]?.data_directory !== dataDir) throw failed(`another PostgreSQL answers at ${admin.host}`);
      const there = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
      if (there.rowCount === 0) await client.query(`create database ${DATABASE}`);
      return;
    } catch (error) {
      if (error instanceof StockcastError) throw error;
      if (Date.now() > until) throw failed(`it takes no connections: ${String(error)}`, error);
      await sleep(50);
    } finally {
      await client.end().catch(() => {});
    }
  }
}

function failed(problem: string, cause?: unknown): StockcastError {
  return new StockcastError('STACK_FAILED', { part: 'PostgreSQL', problem }, { cause });
}
