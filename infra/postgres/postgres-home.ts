import { createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findPostgresBinaries } from './postgres-binaries.ts';

/** Where the embedded PostgreSQL of one state folder lies, and as whom it runs. */
export interface PostgresHome {
  readonly dataDir: string;
  /** Folder with `bin`, `lib` and `share`. */
  readonly binariesDir: string;
  readonly password: string;
  /** The user that PostgreSQL runs as; absent means the user of this process. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

const RECORD = 'postgres.json';
const ROOT_HOMES = '/var/lib/stockcast';

/**
 * Finds or makes the home of a state folder's PostgreSQL and keeps it in `postgres.json` there. PostgreSQL refuses to run
 * as root, so root's lies outside of the state folder, below `/var/lib/stockcast`, where another user can reach it
 * whatever the modes of the project's folders are.
 */
export function postgresHome(stateDir: string): PostgresHome {
  mkdirSync(stateDir, { recursive: true });
  const record = join(stateDir, RECORD);
  const known = existsSync(record) ? (JSON.parse(readFileSync(record, 'utf8')) as PostgresHome) : undefined;
  const home = known ?? newHome(stateDir);
  if (known === undefined) writeAtomically(record, `${JSON.stringify(home, null, 2)}\n`);
  if (home.user === undefined) return { ...home, binariesDir: findPostgresBinaries().dir };
  copyBinaries(home);
  return home;
}

/** Removes the data, and root's copy of the binaries; PostgreSQL must not run. */
export function removePostgres(stateDir: string): void {
  const record = join(stateDir, RECORD);
  if (!existsSync(record)) return;
  const { dataDir, user } = JSON.parse(readFileSync(record, 'utf8')) as PostgresHome;
  rmSync(user === undefined ? dataDir : rootHome(stateDir), { recursive: true, force: true });
  rmSync(record);
}

/** Hands a folder that root made to the user that PostgreSQL runs as. */
export function giveTo(home: PostgresHome, path: string): void {
  if (home.user !== undefined) chownSync(path, home.user.uid, home.user.gid);
}

function newHome(stateDir: string): PostgresHome {
  const password = randomBytes(24).toString('base64url');
  if (process.getuid?.() !== 0) {
    return { dataDir: join(stateDir, 'postgres'), binariesDir: findPostgresBinaries().dir, password };
  }
  const dir = rootHome(stateDir);
  const binariesDir = join(dir, `postgresql-${findPostgresBinaries().version}`);
  return { dataDir: join(dir, 'data'), binariesDir, password, user: unprivilegedUser() };
}

function rootHome(stateDir: string): string {
  return join(ROOT_HOMES, createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 12));
}

function unprivilegedUser(): { uid: number; gid: number } {
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // There is no such user here; the next name may do.
    }
  }
  throw new Error('PostgreSQL cannot run as root, and there is neither a user "postgres" nor "nobody"; run as an ordinary user');
}

function copyBinaries({ binariesDir }: PostgresHome): void {
  if (existsSync(binariesDir)) return;
  const unfinished = `${binariesDir}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true, mode: 0o755 });
  cpSync(findPostgresBinaries().dir, unfinished, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(unfinished, binariesDir);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another process of ours was quicker.
    if (!existsSync(binariesDir) || !statSync(binariesDir).isDirectory()) throw error;
  }
}

function writeAtomically(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
