import { type SpawnOptions, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { StockcastError } from '../domain/errors.ts';
import { withFolderLock } from './setup/folder-lock.js';

const PROGRESS_MS = 15_000;

/** Nobody looks into these programs with a debugger; what they would use Google's gRPC for is not used. */
const LEAN = ['-tags=disable_grpc_modules', '-ldflags=-s -w', '-gcflags=all=-dwarf=false'];
/** The compiler collects its garbage less often; no C is compiled; whatever flags the user has set are left out. */
const QUICK = { GOGC: '400', CGO_ENABLED: '0', GOFLAGS: '' };

/** A server written in Go that this project runs, of one version. */
export interface GoProgram {
  /** Of its executable, and of its folder in the cache. */
  readonly name: string;
  readonly version: string;
  /** Go module of that version. */
  readonly module: string;
  /** How people call it, for example "the Temporal dev server". */
  readonly title: string;
  /** What it is needed for, to follow "once per user: ". */
  readonly purpose: string;
  /** How failures call it. */
  readonly part: string;
  /** Whether what it prints for `--version` is that version. */
  isPinned(printed: string): boolean;
}

/** A program that is there. */
export interface FoundProgram {
  readonly path: string;
  /** What it says of its version. */
  readonly version: string;
  readonly source: 'PATH' | 'cache';
}

export interface SetUpOptions {
  /** Told in one line what is set up and why, and how it goes on. */
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Another way to come by a program: makes its executable in the folder, which is removed afterwards, and returns its
 * path.
 */
export type Maker = (dir: string, options: SetUpOptions) => Promise<string>;

/** What is tried where Go fails, and what to tell people where that fails too. */
export interface Otherwise {
  readonly makers: readonly Maker[];
  readonly advice: string;
}

/** Folder of what is made once per user. */
export function cacheDir(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'stockcast');
}

/** The program where it is there already: on PATH, or in the user's cache. */
export async function findProgram(program: GoProgram): Promise<FoundProgram | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, executableOf(program));
    if (!existsSync(path)) continue;
    const version = await versionOf(path);
    if (version !== undefined && program.isPinned(version)) return { path, version, source: 'PATH' };
    break;
  }
  const path = cachedPath(program);
  const version = existsSync(path) ? await versionOf(path) : undefined;
  return version !== undefined && program.isPinned(version) ? { path, version, source: 'cache' } : undefined;
}

/**
 * Finds the program or makes it in the user's cache: built with Go where there is one, else in another way. Of several
 * processes that want it, one makes it.
 * @throws StockcastError STACK_FAILED saying what to install, when nothing works
 */
export async function ensureProgram(
  program: GoProgram,
  options: SetUpOptions,
  { makers, advice }: Otherwise,
): Promise<FoundProgram> {
  const found = await findProgram(program);
  if (found !== undefined) return found;
  const { say, signal } = options;
  const onWait = () => say(`another process is setting up ${program.title}; waiting for it`);
  return withFolderLock(`${cachedPath(program)}.lock`, { onWait, signal }, async () => {
    const meanwhile = await findProgram(program);
    if (meanwhile !== undefined) return meanwhile;
    removeUnfinished(program);
    const problems: string[] = [];
    for (const make of [goBuild(program), ...makers]) {
      const dir = mkdtempSync(join(cacheDir(), unfinished(program)));
      try {
        // Renamed into place whole, so that a kill in mid-way leaves nothing that looks finished.
        renameSync(await make(dir, options), cachedPath(program));
      } catch (error) {
        signal?.throwIfAborted();
        problems.push(error instanceof Error ? error.message : String(error));
        say(problems.at(-1)!);
        continue;
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
      const made = await findProgram(program);
      if (made !== undefined) return made;
      problems.push(`what was made says it is ${await versionOf(cachedPath(program))}`);
    }
    throw new StockcastError('STACK_FAILED', { part: program.part, problem: `${problems.join('; ')}. ${advice}` });
  });
}

function goBuild(program: GoProgram): Maker {
  return async (dir, { say, signal }) => {
    const { title, version, purpose, module } = program;
    say(`building ${title} ${version} with Go, once per user: ${purpose} (takes some minutes)`);
    const started = Date.now();
    const seconds = () => Math.round((Date.now() - started) / 1000);
    const timer = setInterval(() => say(`  still building, ${seconds()} s`), PROGRESS_MS);
    try {
      await run('go', ['install', ...LEAN, module], { ...process.env, ...QUICK, GOBIN: dir }, signal && { signal });
      return join(dir, executableOf(program));
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      throw new Error(missing ? 'Go is not installed' : `go install failed: ${(error as Error).message}`, {
        cause: error,
      });
    } finally {
      clearInterval(timer);
    }
  };
}

function executableOf({ name }: GoProgram): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}

function cachedPath(program: GoProgram): string {
  return join(cacheDir(), `${program.name}-${program.version}`, executableOf(program));
}

const unfinished = ({ name }: GoProgram): string => `${name}-unfinished-`;

// What was killed while it made one has left its folder behind.
function removeUnfinished(program: GoProgram): void {
  for (const name of readdirSync(cacheDir()).filter((entry) => entry.startsWith(unfinished(program)))) {
    rmSync(join(cacheDir(), name), { recursive: true, force: true });
  }
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 10_000 });
    return stdout.trim();
  } catch {
    // Not runnable, or another program: as good as absent.
    return undefined;
  }
}

/**
 * Runs a program to its end.
 * @throws Error with the last lines that it said, unless it ends well
 */
export function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stop?: Pick<SpawnOptions, 'signal' | 'killSignal'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'], ...stop });
    let tail = '';
    child.stderr.on('data', (chunk: Buffer) => {
      tail = `${tail}${chunk.toString()}`.slice(-2000);
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`exit code ${code}: ${tail.trim().split('\n').slice(-5).join(' | ')}`)),
    );
  });
}
