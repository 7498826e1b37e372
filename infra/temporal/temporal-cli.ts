import { type SpawnOptions, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { StockcastError } from '../../domain/errors.ts';
import { withFolderLock } from '../setup/folder-lock.js';

/** The version of the Temporal CLI, whose dev server and Web UI the local stack runs. */
export const TEMPORAL_CLI_VERSION = '1.5.1';
/** What a build of that version says of its server; one built by go install does not know its own version. */
const SERVER_VERSION = '1.29.1';
const MODULE = `github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI_VERSION}`;
const EXECUTABLE = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
const UNFINISHED = 'temporal-unfinished-';
const PROGRESS_MS = 15_000;
const DOWNLOAD_MS = 10 * 60_000;

/** A Temporal CLI of the pinned version. */
export interface TemporalCli {
  readonly path: string;
  readonly version: string;
  readonly source: 'PATH' | 'cache';
}

export interface SetUpOptions {
  /** Told in one line what is set up and why, and how it goes on. */
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Folder of what is made once per user. */
export function cacheDir(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'stockcast');
}

/** The pinned Temporal CLI where it is there already: on PATH, or in the user's cache. */
export async function findTemporalCli(): Promise<TemporalCli | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, EXECUTABLE);
    if (!existsSync(path)) continue;
    const version = await versionOf(path);
    if (isPinned(version)) return { path, version: version!, source: 'PATH' };
    break;
  }
  const path = cachedPath();
  const version = existsSync(path) ? await versionOf(path) : undefined;
  return isPinned(version) ? { path, version: version!, source: 'cache' } : undefined;
}

/**
 * Finds the pinned Temporal CLI or makes it: built with Go where there is one, else downloaded by Temporal's own SDK.
 * @throws StockcastError STACK_FAILED saying what to install, when nothing works
 */
export async function ensureTemporalCli(options: SetUpOptions): Promise<TemporalCli> {
  const found = await findTemporalCli();
  if (found !== undefined) return found;
  const { say, signal } = options;
  const onWait = () => say('another process is setting up the Temporal dev server; waiting for it');
  return withFolderLock(`${cachedPath()}.lock`, { onWait, signal }, async () => {
    const meanwhile = await findTemporalCli();
    if (meanwhile !== undefined) return meanwhile;
    removeUnfinished();
    const problems: string[] = [];
    for (const make of [buildWithGo, downloadBySdk]) {
      try {
        await make(options);
      } catch (error) {
        options.signal?.throwIfAborted();
        problems.push(error instanceof Error ? error.message : String(error));
        options.say(problems.at(-1)!);
        continue;
      }
      const made = await findTemporalCli();
      if (made !== undefined) return made;
      problems.push(`what was made says it is ${await versionOf(cachedPath())}`);
    }
    throw new StockcastError('STACK_FAILED', {
      part: 'Temporal CLI',
      problem: `${problems.join('; ')}. Install Go (https://go.dev/dl) or the Temporal CLI ${TEMPORAL_CLI_VERSION} (https://docs.temporal.io/cli) and start again, or set TEMPORAL_ADDRESS to a Temporal of your own`,
    });
  });
}

async function buildWithGo({ say, signal }: SetUpOptions): Promise<void> {
  say(
    `building the Temporal dev server ${TEMPORAL_CLI_VERSION} with Go, once per user: runs the workflows and their Web UI (takes some minutes)`,
  );
  const dir = temporaryFolder();
  const started = Date.now();
  const timer = setInterval(() => say(`  still building, ${Math.round((Date.now() - started) / 1000)} s`), PROGRESS_MS);
  try {
    await run('go', ['install', MODULE], { ...process.env, GOBIN: dir, GOFLAGS: '' }, signal && { signal });
    keep(join(dir, EXECUTABLE));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(missing ? 'Go is not installed' : `go install failed: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    clearInterval(timer);
    rmSync(dir, { recursive: true, force: true });
  }
}

// In a process of its own: the SDK waits without end for a server or a proxy that takes the connection and stays
// silent, and cannot be called off.
const DOWNLOAD = `const { TestWorkflowEnvironment } = require(process.argv[1]);
  const executable = { type: 'cached-download', downloadDir: process.argv[2], version: process.argv[3] };
  TestWorkflowEnvironment.createLocal({ server: { executable } }).then((environment) => environment.teardown())
    .catch((error) => { console.error(error.message); process.exit(1); });`;

async function downloadBySdk({ say, signal }: SetUpOptions): Promise<void> {
  say(`downloading the Temporal dev server ${TEMPORAL_CLI_VERSION} with Temporal's own SDK, once per user`);
  const dir = temporaryFolder();
  const limit = AbortSignal.timeout(DOWNLOAD_MS);
  try {
    const sdk = createRequire(import.meta.url).resolve('@temporalio/testing');
    const args = ['-e', DOWNLOAD, sdk, dir, `v${TEMPORAL_CLI_VERSION}`];
    const either = signal === undefined ? limit : AbortSignal.any([signal, limit]);
    // The SDK keeps a polite signal to itself.
    await run(process.execPath, args, process.env, { signal: either, killSignal: 'SIGKILL' });
    const file = readdirSync(dir)
      .map((name) => join(dir, name))
      .find((path) => statSync(path).isFile());
    if (file === undefined) throw new Error('no file arrived');
    keep(file);
  } catch (error) {
    const problem = limit.aborted ? `it was not done after ${DOWNLOAD_MS / 60_000} minutes` : (error as Error).message;
    throw new Error(`the download failed: ${problem}`, { cause: error });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function cachedPath(): string {
  return join(cacheDir(), `temporal-${TEMPORAL_CLI_VERSION}`, EXECUTABLE);
}

function temporaryFolder(): string {
  return mkdtempSync(join(cacheDir(), UNFINISHED));
}

// What was killed while it made one has left its folder behind.
function removeUnfinished(): void {
  for (const name of readdirSync(cacheDir()).filter((entry) => entry.startsWith(UNFINISHED))) {
    rmSync(join(cacheDir(), name), { recursive: true, force: true });
  }
}

// Renamed into place whole, so that a kill in mid-way leaves nothing that looks finished.
function keep(file: string): void {
  renameSync(file, cachedPath());
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 10_000 });
    return stdout.trim();
  } catch {
    // Not runnable, or not a Temporal CLI: as good as absent.
    return undefined;
  }
}

function isPinned(version: string | undefined): boolean {
  if (version === undefined) return false;
  return (
    version.includes(` ${TEMPORAL_CLI_VERSION} `) ||
    (version.includes('DEV') && version.includes(`Server ${SERVER_VERSION}`))
  );
}

function run(
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
