import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Ends a process at once and waits until it has gone; nothing happens where it has ended. */
export async function killNow(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
