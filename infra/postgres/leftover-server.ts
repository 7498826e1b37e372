import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stackFailure } from './stack-failure.ts';

/** A PostgreSQL server that runs on a data folder, whoever started it. */
export interface LeftoverServer {
  readonly pid: number;
  readonly port: number;
}

const FAST_SHUTDOWN_MS = 30_000;
const IMMEDIATE_SHUTDOWN_MS = 10_000;
const ORPHANS_END_MS = 2000;
const HAS_PROC = existsSync('/proc/self/cwd');

/** The server that runs on a data folder, by its `postmaster.pid`; undefined when the file is missing or stale. */
export function findServer(dataDir: string): LeftoverServer | undefined {
  const pidFile = join(dataDir, 'postmaster.pid');
  if (!existsSync(pidFile)) return undefined;
  // Line by line: process id, data folder, start time, port.
  const lines = readFileSync(pidFile, 'utf8').split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return Number.isInteger(pid) && pid > 1 && worksOn(pid, dataDir) ? { pid, port } : undefined;
}

/**
 * Ends the server that runs on a data folder, and processes of it that have outlived a killed one; a stale
 * `postmaster.pid` goes too, since PostgreSQL refuses to start when its process id is by now somebody else's.
 * @throws StockcastError STACK_FAILED when they don't end
 */
export async function endServer(dataDir: string): Promise<void> {
  if (!existsSync(dataDir)) return;
  const server = findServer(dataDir);
  if (server !== undefined) {
    const ended =
      (await signalled([server.pid], 'SIGINT', dataDir, FAST_SHUTDOWN_MS)) ||
      (await signalled([server.pid], 'SIGQUIT', dataDir, IMMEDIATE_SHUTDOWN_MS));
    if (!ended) throw stackFailure(`the server with process id ${server.pid}, left on ${dataDir}, does not end`);
  }
  // A server process whose postmaster was killed ends by itself, unless it is in the middle of something long.
  if (!(await ended(() => processesOn(dataDir), dataDir, ORPHANS_END_MS))) {
    const orphans = processesOn(dataDir);
    if (!(await signalled(orphans, 'SIGQUIT', dataDir, IMMEDIATE_SHUTDOWN_MS))) {
      throw stackFailure(`the processes ${orphans.join(', ')}, left on ${dataDir}, do not end`);
    }
  }
  rmSync(join(dataDir, 'postmaster.pid'), { force: true });
}

/** Kills whatever works on a folder, at once; for folders that are about to be removed. */
export async function killProcessesOn(dataDir: string): Promise<void> {
  await signalled(processesOn(dataDir), 'SIGKILL', dataDir, IMMEDIATE_SHUTDOWN_MS);
}

async function signalled(
  pids: readonly number[],
  signal: NodeJS.Signals,
  dataDir: string,
  timeoutMs: number,
): Promise<boolean> {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      // It has just ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return ended(() => pids, dataDir, timeoutMs);
}

async function ended(pids: () => readonly number[], dataDir: string, timeoutMs: number): Promise<boolean> {
  const until = performance.now() + timeoutMs;
  while (pids().some((pid) => worksOn(pid, dataDir))) {
    if (performance.now() > until) return false;
    await sleep(20);
  }
  return true;
}

function processesOn(dataDir: string): number[] {
  if (!HAS_PROC) return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && worksOn(pid, dataDir));
}

// PostgreSQL's processes have its data folder as their working folder, also after the folder was moved. Without /proc
// (macOS) there is the command line.
function worksOn(pid: number, dataDir: string): boolean {
  try {
    if (HAS_PROC) return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(dataDir);
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8', stdio: 'pipe' }).includes(
      dataDir,
    );
  } catch {
    // No such process, or one of a user into whose processes we may not look: not ours either way.
    return false;
  }
}
