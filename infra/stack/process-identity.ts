import { setTimeout as sleep } from 'node:timers/promises';
import { startOf } from '../setup/process-start.js';

/** A process that cannot be mistaken for a later one with the same id. */
export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  /** When it started, in the system's own words. */
  readonly startedAt: string;
}

const POLL_MS = 50;
const KILL_MS = 10_000;

/** The record of a running process; undefined when it has ended already. */
export function recordOf(name: string, pid: number): ProcessRecord | undefined {
  const startedAt = startOf(pid);
  return startedAt === undefined ? undefined : { name, pid, startedAt };
}

/** Whether exactly this process still runs. */
export function stillRuns({ pid, startedAt }: ProcessRecord): boolean {
  return startOf(pid) === startedAt;
}

/** Ends a process, politely, and after the grace time for good, and then what is left of its group. */
export async function endProcess(record: ProcessRecord, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  if (!stillRuns(record)) return;
  send(record.pid, signal);
  if (!(await ended(record, graceMs))) {
    killGroup(record);
    if (!(await ended(record, KILL_MS))) throw new Error(`${record.name} (process ${record.pid}) does not end`);
  }
  // A child that its parent forgot, or that is about to notice that it has none any more.
  send(record.pid, 'SIGKILL');
}

/** Kills a process and its group for good, if it still runs, and doesn't wait. */
export function killGroup(record: ProcessRecord): void {
  if (stillRuns(record)) send(record.pid, 'SIGKILL');
}

// The polite signal goes to the process alone, which knows its children; the last one to its whole group.
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(signal === 'SIGKILL' && process.platform !== 'win32' ? -pid : pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function ended(record: ProcessRecord, withinMs: number): Promise<boolean> {
  for (const until = Date.now() + withinMs; Date.now() < until; await sleep(POLL_MS)) {
    if (!stillRuns(record)) return true;
  }
  return !stillRuns(record);
}
