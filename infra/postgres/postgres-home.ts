import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { endServer, killProcessesOn } from './leftover-server.ts';
import { type OtherUser, removeCopies } from './postgres-binaries.ts';
import { stackFailure } from './stack-failure.ts';

const record = z.object({ stateDir: z.string(), dataDir: z.string(), password: z.string() });
const RECORD = 'postgres.json';
const INSIDE = 'postgres';
const UNFINISHED = '.unfinished-';
/** Below this every user can reach what is open to them, whatever the modes of the project's folders are. */
const ROOT_HOMES = '/var/lib/stockcast';

/** Where the PostgreSQL of one state folder lies. */
export interface PostgresHome {
  /** Complete when it is there: it is made under another name and renamed. */
  readonly dataDir: string;
  readonly password: string;
  /** The user that PostgreSQL runs as; undefined means this process's own. */
  readonly user: OtherUser | undefined;
}

/**
 * Finds the home of a state folder's PostgreSQL, or settles it and keeps it in `postgres.json` there. The data lies in
 * the state folder; root's lies in a folder below `/var/lib/stockcast` that is named after the state folder's path,
 * because PostgreSQL refuses to run as root and another user need not be able to reach the state folder.
 * @throws StockcastError STACK_FAILED
 */
export async function openHome(stateDir: string, log: (line: string) => void): Promise<PostgresHome> {
  mkdirSync(stateDir, { recursive: true });
  const here = realpathSync(stateDir);
  const known = readRecord(here);
  const dataDir =
    isRoot() && !existsSync(join(here, INSIDE)) ? await outsideDataDir(here, known, log) : join(here, INSIDE);
  if (known === undefined && existsSync(dataDir)) {
    throw stackFailure(`${dataDir} is there, but ${join(here, RECORD)} with its password is not; start with --fresh`);
  }
  makeHome(dirname(dataDir));
  const password = known?.password ?? randomBytes(24).toString('base64url');
  if (known?.dataDir !== dataDir || known.stateDir !== here) writeRecord(here, { stateDir: here, dataDir, password });
  // A folder without its heart is what a removal that was killed has left.
  if (existsSync(dataDir) && !existsSync(join(dataDir, 'global', 'pg_control')))
    rmSync(dataDir, { recursive: true, force: true });
  return { dataDir, password, user: isRoot() ? ownerOf(dataDir) : undefined };
}

/** A new empty folder beside the data folder, for the user of the home, to be renamed when it is complete. */
export function unfinishedDataDir({ dataDir, user }: PostgresHome): string {
  const unfinished = `${dataDir}${UNFINISHED}${randomBytes(4).toString('hex')}`;
  mkdirSync(unfinished, { mode: 0o700 });
  if (user !== undefined) chownSync(unfinished, user.uid, user.gid);
  return unfinished;
}

/** Removes data folders whose making was killed, and ends what may still be making them. */
export async function removeUnfinished(dataDir: string): Promise<void> {
  const home = dirname(dataDir);
  if (!existsSync(home)) return;
  for (const name of readdirSync(home).filter((name) => name.startsWith(`${basename(dataDir)}${UNFINISHED}`))) {
    await killProcessesOn(join(home, name));
    rmSync(join(home, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Ends the PostgreSQL of a state folder, if it runs, and removes its data, its record and its copied binaries. */
export async function removePostgres(stateDir: string): Promise<void> {
  if (!existsSync(stateDir)) return;
  const here = realpathSync(stateDir);
  if (isRoot()) await removeRootHome(rootHome(here));
  const inside = join(here, INSIDE);
  await endServer(inside);
  await removeUnfinished(inside);
  rmSync(inside, { recursive: true, force: true });
  removeCopies(here);
  rmSync(join(here, RECORD), { force: true });
}

// Whatever the umask, the other user must be able to pass.
function makeHome(home: string): void {
  mkdirSync(home, { recursive: true });
  if (dirname(home) === ROOT_HOMES) for (const dir of [ROOT_HOMES, home]) chmodSync(dir, 0o755);
}

async function outsideDataDir(
  here: string,
  known: z.infer<typeof record> | undefined,
  log: (line: string) => void,
): Promise<string> {
  const home = rootHome(here);
  const dataDir = join(home, 'data');
  if (known?.dataDir === dataDir) return dataDir;
  if (existsSync(home)) {
    log(`the database in ${home} belonged to a state folder that is no more: removed`);
    await removeRootHome(home);
  }
  const knownHome = known === undefined ? undefined : dirname(known.dataDir);
  if (knownHome === undefined || dirname(knownHome) !== ROOT_HOMES || !existsSync(knownHome)) return dataDir;
  // The state folder was moved, or copied. Data go along with a move; a copy must not share the original's.
  if (known !== undefined && readRecord(known.stateDir)?.dataDir === known.dataDir) {
    log(`${here} is a copy of ${known.stateDir}, whose database stays there: starting with an empty one`);
    return dataDir;
  }
  await endServer(join(knownHome, 'data'));
  renameSync(knownHome, home);
  return dataDir;
}

async function removeRootHome(home: string): Promise<void> {
  await endServer(join(home, 'data'));
  await removeUnfinished(join(home, 'data'));
  rmSync(home, { recursive: true, force: true });
}

function rootHome(stateDir: string): string {
  return join(ROOT_HOMES, createHash('sha256').update(stateDir).digest('hex').slice(0, 12));
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function ownerOf(dataDir: string): OtherUser {
  const stats = statSync(dataDir, { throwIfNoEntry: false });
  if (stats !== undefined && stats.uid !== 0) return { uid: stats.uid, gid: stats.gid };
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // There is no such user here; the next name may do.
    }
  }
  throw stackFailure(
    'it cannot run as root, and there is neither a user "postgres" nor "nobody"; run as an ordinary user',
  );
}

function readRecord(stateDir: string): z.infer<typeof record> | undefined {
  const path = join(stateDir, RECORD);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw stackFailure(`${path} cannot be read; does the state folder belong to another user?`, error);
  }
  try {
    return record.parse(JSON.parse(text));
  } catch (cause) {
    throw stackFailure(`${path} is damaged; start with --fresh`, cause);
  }
}

function writeRecord(stateDir: string, content: z.infer<typeof record>): void {
  const path = join(stateDir, RECORD);
  writeFileSync(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}
