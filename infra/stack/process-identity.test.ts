import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { endProcess, killGroup, recordOf, stillRuns } from './process-identity.ts';

/** Starts a program in a group of its own and waits for the first thing that it prints. */
async function start(source: string): Promise<{ pid: number; ended: Promise<NodeJS.Signals | null> }> {
  const child = spawn(process.execPath, ['-e', source], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return { pid: child.pid!, ended };
}

const SERVES = "console.log('serving'); setInterval(() => {}, 1000);";

it('names one process: another with the same id is not it, and is left alone', async () => {
  const { pid, ended } = await start(SERVES);
  const record = recordOf('it', pid)!;
  expect(recordOf('it', pid)).toEqual(record);
  const earlier = { ...record, startedAt: `${record.startedAt}0` };
  expect(stillRuns(earlier)).toBe(false);
  await endProcess(earlier, 'SIGKILL', 1000);
  killGroup(earlier);
  expect(stillRuns(record)).toBe(true);

  await endProcess(record, 'SIGTERM', 5000);
  expect(await ended).toBe('SIGTERM');
  expect(stillRuns(record)).toBe(false);
  expect(recordOf('it', pid)).toBeUndefined();
});

it('is killed when it does not listen', async () => {
  const { pid, ended } = await start(`process.on('SIGTERM', () => {}); ${SERVES}`);
  const started = performance.now();
  await endProcess(recordOf('it', pid)!, 'SIGTERM', 300);
  expect(await ended).toBe('SIGKILL');
  expect(performance.now() - started).toBeGreaterThan(290);
});

it('may be ended twice, and after it has gone', async () => {
  const { pid } = await start(SERVES);
  const record = recordOf('it', pid)!;
  await Promise.all([endProcess(record, 'SIGTERM', 5000), endProcess(record, 'SIGTERM', 5000)]);
  await endProcess(record, 'SIGTERM', 5000);
  killGroup(record);
  expect(stillRuns(record)).toBe(false);
});
