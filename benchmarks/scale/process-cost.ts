import { readFileSync, readdirSync } from 'node:fs';
import { peaksByQuarter } from '../memory.ts';

/** Of a process as the system counts it (sysconf CLK_TCK, which Linux shows as 100 to all programs). */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
const LOOK_EVERY_MS = 500;

/**
 * Seconds of computing time that processes have used, with all they have started and are still running or have ended.
 * Reads /proc, so Linux only.
 */
export function cpuSeconds(pids: readonly number[]): number {
  const children = childrenByParent();
  const of = (pid: number): number => {
    const stat = statOf(pid);
    if (stat === undefined) return 0;
    // User and system time, own and of children that were waited for.
    const own = stat.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
    return (children.get(pid) ?? []).reduce((sum, child) => sum + of(child), own);
  };
  return pids.reduce((sum, pid) => sum + of(pid), 0) / TICKS_PER_SECOND;
}

/** The most memory that each process held at a time, added up, in MB. */
export function peakMb(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return sum + Number(line?.[1] ?? 0) / 1024;
  }, 0);
}

/** The memory that a process and all it has started hold now, added up, in MB; pages that they share count for each. */
export function heldMb(pid: number): number {
  const children = childrenByParent();
  const of = (each: number): number =>
    (children.get(each) ?? []).reduce((sum, child) => sum + of(child), residentMb(each));
  return of(pid);
}

/** Watches what processes hold until the returned function is called, which gives the most by quarter, in MB. */
export function watchMemory(pids: readonly number[]): () => Map<number, number> {
  const seen: { readonly at: number; readonly mb: number }[] = [];
  const look = () => seen.push({ at: performance.now(), mb: pids.reduce((sum, pid) => sum + residentMb(pid), 0) });
  look();
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return () => {
    clearInterval(timer);
    look();
    const [began, ended] = [seen[0]!.at, seen.at(-1)!.at];
    return peaksByQuarter(seen.map(({ at, mb }) => ({ share: (at - began) / (ended - began), mb })));
  };
}

/** Of a process; none of one that has ended meanwhile. */
function residentMb(pid: number): number {
  const pages = statOf(pid)?.[21];
  return (Number(pages ?? 0) * PAGE_BYTES) / 2 ** 20;
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statOf(Number(name))?.[1] ?? -1);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

/** The fields behind the process' name, which may hold anything; undefined where the process has ended meanwhile. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ESRCH') {
      return undefined;
    }
    throw error;
  }
}
