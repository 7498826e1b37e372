import { type ChildProcess, type SpawnOptions, execFile, spawn } from 'node:child_process';
import { chownSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { StockcastError } from '../../domain/errors.ts';
import { createDatabaseIfMissing } from './create-database.ts';
import { endServer, findServer } from './leftover-server.ts';
import {
  type PostgresBinaries,
  findPostgresBinaries,
  program,
  removeCopies,
  runnableBinaries,
} from './postgres-binaries.ts';
import { type PostgresHome, openHome, removeUnfinished, unfinishedDataDir } from './postgres-home.ts';
import { stackFailure } from './stack-failure.ts';

const USER = 'stockcast';
const DATABASE = 'stockcast';
const READY_MS = 60_000;
const ADOPTION_MS = 10_000;
const FAST_SHUTDOWN_MS = 30_000;

// Everything is on the command line, so that data of an earlier version run with the settings of this one. Nothing that
// was committed may be lost, so the disk is waited for.
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  fsync: 'on',
  synchronous_commit: 'on',
  wal_level: 'minimal',
  max_wal_senders: '0',
  jit: 'off',
  log_checkpoints: 'off',
};

/** Which PostgreSQL to run. */
export interface PostgresOptions {
  readonly stateDir: string;
  /** Port on 127.0.0.1; must be free. A server that is adopted keeps its own. */
  readonly port: number;
  /** Server settings that differ from the default ones. */
  readonly settings?: Readonly<Record<string, string>>;
  /** What becomes of a server that a killed process has left running on the data: ended by default. */
  readonly leftover?: 'end' | 'adopt';
  /** The programs; those of the npm package by default. */
  readonly binaries?: PostgresBinaries;
  readonly log?: (line: string) => void;
}

/** How to run a prepared PostgreSQL as a child process; SIGINT ends it in good order. */
export interface PreparedPostgres {
  readonly command: string;
  readonly args: readonly string[];
  readonly spawnOptions: Pick<SpawnOptions, 'uid' | 'gid' | 'cwd' | 'env'>;
  /** Names the database `stockcast` and holds the password. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** With `leftover: 'adopt'`: a server is running already and serves on, so none is to be spawned. */
  readonly adopted?: { readonly pid: number };
  /** Waits until the server takes connections and makes the database. @throws StockcastError STACK_FAILED */
  ready(options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<void>;
}

/**
 * Prepares the PostgreSQL of a state folder: makes its data at first, and ends or adopts what a killed process has left
 * running on them. One process at a time may do so.
 * @throws StockcastError STACK_FAILED
 */
export async function preparePostgres(options: PostgresOptions): Promise<PreparedPostgres> {
  const home = await openHome(options.stateDir, options.log ?? (() => {}));
  const { dataDir } = home;
  const binaries = options.binaries ?? findPostgresBinaries();
  const homeDir = join(dataDir, '..');
  const binariesDir = runnableBinaries(binaries, home.user, homeDir);
  removeCopies(homeDir, binaries.version);
  // A folder that everybody may enter, since PostgreSQL looks up where it is started.
  const spawnOptions = { cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }, ...home.user };
  await removeUnfinished(dataDir);
  if (!existsSync(dataDir)) await initialise(home, binariesDir, spawnOptions, options.settings?.fsync === 'off');

  const adopted = options.leftover === 'adopt' ? await adoptableServer(home, binaries.version) : undefined;
  if (adopted === undefined) await endServer(dataDir);
  const port = adopted?.port ?? options.port;
  const url = addressOf(home, port, DATABASE);
  const settings = Object.entries({ ...SETTINGS, ...options.settings });
  return {
    command: program(binariesDir, 'postgres'),
    args: ['-D', dataDir, '-p', String(port), ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    spawnOptions,
    url,
    port,
    dataDir,
    ...(adopted === undefined ? {} : { adopted: { pid: adopted.pid } }),
    ready: async ({ signal, timeoutMs = READY_MS } = {}) => {
      await answered(addressOf(home, port, 'postgres'), dataDir, timeoutMs, signal);
      await createDatabaseIfMissing(url);
    },
  };
}

/** A PostgreSQL that runs. */
export interface RunningPostgres {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  /** The child process, or `adopted` for a server that was running already. */
  readonly process: ChildProcess | 'adopted';
  /** Ends it in good order. */
  stop(): Promise<void>;
}

/**
 * Prepares and runs the PostgreSQL of a state folder; for where no supervisor watches over it. It survives a kill of this
 * process, and is adopted at the next start.
 * @throws StockcastError STACK_FAILED
 */
export async function startPostgres(options: Omit<PostgresOptions, 'leftover'>): Promise<RunningPostgres> {
  const prepared = await preparePostgres({ ...options, leftover: 'adopt' });
  const { url, port, dataDir, adopted } = prepared;
  if (adopted !== undefined) {
    await prepared.ready();
    return { url, port, dataDir, pid: adopted.pid, process: 'adopted', stop: () => endServer(dataDir) };
  }
  const child = spawn(prepared.command, prepared.args, {
    ...prepared.spawnOptions,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let newest = '';
  child.stderr.on('data', (chunk: Buffer) => {
    newest = `${newest}${chunk}`.slice(-4000);
    for (const line of String(chunk).trimEnd().split('\n')) options.log?.(line);
  });
  const abandoned = new AbortController();
  const died = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(stackFailure(`it could not be spawned: ${error.message}`, error)));
    child.once('exit', (code, signal) => reject(stackFailure(`it ended with ${code ?? signal}: ${newest.trim()}`)));
  });
  // After the start nobody waits for it any more.
  died.catch(() => {});
  try {
    await Promise.race([prepared.ready({ signal: abandoned.signal }), died]);
  } catch (error) {
    abandoned.abort();
    await stop(child);
    throw error;
  }
  return { url, port, dataDir, pid: child.pid!, process: child, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGINT');
  const impatience = setTimeout(() => child.kill('SIGQUIT'), FAST_SHUTDOWN_MS);
  await exited;
  clearTimeout(impatience);
}

async function initialise(
  home: PostgresHome,
  binariesDir: string,
  spawnOptions: PreparedPostgres['spawnOptions'],
  noSync: boolean,
): Promise<void> {
  const unfinished = unfinishedDataDir(home);
  const passwordFile = `${unfinished}.password`;
  try {
    writeFileSync(passwordFile, `${home.password}\n`, { mode: 0o600 });
    if (home.user !== undefined) chownSync(passwordFile, home.user.uid, home.user.gid);
    const args = [
      '-D',
      unfinished,
      '-U',
      USER,
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
    ];
    await promisify(execFile)(
      program(binariesDir, 'initdb'),
      [...args, ...(noSync ? ['--no-sync'] : [])],
      spawnOptions,
    );
    renameSync(unfinished, home.dataDir);
  } catch (cause) {
    rmSync(unfinished, { recursive: true, force: true });
    throw stackFailure(`initdb failed: ${(cause as { stderr?: string }).stderr?.trim() || String(cause)}`, cause);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

// A server is adopted when it answers to the password, on this data folder, in the version of the binaries here.
async function adoptableServer(home: PostgresHome, version: string) {
  const server = findServer(home.dataDir);
  if (server === undefined) return undefined;
  try {
    const running = await answered(addressOf(home, server.port, 'postgres'), home.dataDir, ADOPTION_MS);
    return version.startsWith(`${running}.`) ? server : undefined;
  } catch (error) {
    if (error instanceof StockcastError) return undefined;
    throw error;
  }
}

// Waits until the server takes connections, and returns its version. Never settles for a server on other data.
async function answered(url: string, dataDir: string, timeoutMs: number, signal?: AbortSignal): Promise<string> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
    client.on('error', () => {
      // The statement under way rejects with it.
    });
    try {
      await client.connect();
      const shown = await client.query<{ data_directory: string; server_version: string }>(
        "select current_setting('data_directory') as data_directory, current_setting('server_version') as server_version",
      );
      const { data_directory, server_version } = shown.rows[0]!;
      if (data_directory === dataDir) return server_version;
      throw stackFailure(`another PostgreSQL answers at ${new URL(url).host}`);
    } catch (error) {
      if (error instanceof StockcastError) throw error;
      // Class 28: it is up, but doesn't take the password.
      if (String((error as { code?: unknown }).code).startsWith('28')) {
        throw stackFailure(`the PostgreSQL at ${new URL(url).host} refuses the password; it may be another one`, error);
      }
      if (performance.now() > until) throw stackFailure(`it takes no connections: ${String(error)}`, error);
    } finally {
      await client.end();
    }
    await sleep(50, undefined, { ...(signal === undefined ? {} : { signal }) });
  }
}

function addressOf({ password }: PostgresHome, port: number, database: string): string {
  return `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`;
}
