import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startOf } from '../setup/process-start.js';
import type { Part } from './part.ts';
import { type ProcessRecord, stillRuns } from './process-identity.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

// Small programs in place of servers, so that each way to die can be had.
const SERVES = "console.log('serving'); setInterval(() => {}, 1000);";
const never = new AbortController().signal;

let dir: string;
let said: string[];
let recorded: readonly ProcessRecord[];
const supervisors: Supervisor[] = [];
const strays: number[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-supervisor-'));
  said = [];
  recorded = [];
});
afterEach(async () => {
  for (const supervisor of supervisors.splice(0)) await supervisor.stop(['first', 'second']);
  for (const pid of strays.splice(0)) killIfThere(pid);
  rmSync(dir, { recursive: true, force: true });
});

function supervise(options: Partial<SupervisorOptions> = {}): Supervisor {
  const supervisor = new Supervisor({
    say: (line) => said.push(line),
    onProcesses: (records) => {
      recorded = records;
    },
    firstBackoffMs: 10,
    ...options,
  });
  supervisors.push(supervisor);
  return supervisor;
}

function program(source: string, options: Partial<Part> = {}): Part {
  return {
    name: 'first',
    command: process.execPath,
    args: ['-e', source],
    logFile: join(dir, `${options.name ?? 'first'}.log`),
    ready: async (output, signal) => {
      while (!output().includes('serving')) await sleep(10, undefined, { signal });
    },
    readyTimeoutMs: 20_000,
    stopSignal: 'SIGTERM',
    graceMs: 5000,
    ...options,
  };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const soon = { timeout: 20_000, interval: 20 };
const isBack = (times: number) =>
  vi.waitFor(() => expect(said.filter((line) => line === 'first is back')).toHaveLength(times), soon);

describe('a supervisor', () => {
  it('starts a part in a process group of its own, with its output in its log, and tells its process', async () => {
    const supervisor = supervise();
    await supervisor.start(program(SERVES), never);
    const [running] = supervisor.processes;
    expect(running).toMatchObject({ name: 'first', restarts: 0 });
    expect(recorded).toEqual([{ name: 'first', pid: running!.pid, startedAt: running!.startedAt }]);
    const group = execFileSync('ps', ['-o', 'pgid=', '-p', String(running!.pid)], { encoding: 'utf8' });
    expect(Number(group)).toBe(running!.pid);
    expect(readFileSync(join(dir, 'first.log'), 'utf8')).toBe('serving\n');
  });

  it('restarts a part that was killed, and says so', async () => {
    const supervisor = supervise();
    await supervisor.start(program(SERVES), never);
    const before = supervisor.processes[0]!;
    process.kill(before.pid, 'SIGKILL');
    await isBack(1);
    const [after] = supervisor.processes;
    expect(after).toMatchObject({ name: 'first', restarts: 1 });
    expect(after!.pid).not.toBe(before.pid);
    expect(said).toEqual(['first died (SIGKILL); restarting it (1 of at most 5)', 'first is back']);
    expect(recorded).toMatchObject([{ pid: after!.pid }]);
  });

  it('restarts a part that ends by itself, also with code 0', async () => {
    const marker = JSON.stringify(join(dir, 'ended'));
    const source = `const fs = require('fs');
      if (fs.existsSync(${marker})) { ${SERVES} }
      else { console.log('serving'); setTimeout(() => { fs.writeFileSync(${marker}, ''); process.exit(0); }, 300); }`;
    await supervise().start(program(source), never);
    await isBack(1);
    expect(said[0]).toBe('first died (code 0); restarting it (1 of at most 5)');
  });

  it('waits twice as long before each further restart', async () => {
    const supervisor = supervise({ firstBackoffMs: 200 });
    await supervisor.start(program(SERVES), never);
    const waits: number[] = [];
    for (let time = 1; time <= 3; time++) {
      const started = performance.now();
      process.kill(supervisor.processes[0]!.pid, 'SIGKILL');
      await vi.waitFor(() => expect(supervisor.processes[0]).toMatchObject({ restarts: time }), soon);
      waits.push(performance.now() - started);
      await isBack(time);
    }
    expect(waits[0]).toBeGreaterThan(190);
    expect(waits[1]).toBeGreaterThan(390);
    expect(waits[2]).toBeGreaterThan(790);
  });

  it('gives up on a part that keeps dying, and names it, its log and how that ends', async () => {
    const supervisor = supervise({ maxRestarts: 2 });
    await supervisor.start(
      program(`${SERVES} setTimeout(() => { console.error('out of luck'); process.exit(3); }, 50);`),
      never,
    );
    const error = await supervisor.failed;
    expect(error).toMatchObject({ code: 'STACK_FAILED' });
    expect(error.message).toContain('first could not be started: it died 3 times within 60 s');
    expect(error.message).toContain(join(dir, 'first.log'));
    expect(error.message).toContain('out of luck');
    expect(said.filter((line) => line.includes('restarting'))).toHaveLength(2);
    expect(supervisor.processes).toEqual([]);
  });

  it('forgives deaths that lie back', async () => {
    const supervisor = supervise({ maxRestarts: 1, windowMs: 500 });
    await supervisor.start(program(SERVES), never);
    for (let time = 1; time <= 3; time++) {
      process.kill(supervisor.processes[0]!.pid, 'SIGKILL');
      await isBack(time);
      await sleep(600);
    }
    expect(supervisor.processes).toMatchObject([{ restarts: 3 }]);
  });

  it('refuses a part that ends before it is ready, with the end of its log', async () => {
    const broken = program("console.error('port 7233 is taken'); process.exit(7);");
    await expect(supervise().start(broken, never)).rejects.toMatchObject({
      code: 'STACK_FAILED',
      message: expect.stringMatching(/first could not be started: it ended with code 7.*port 7233 is taken/s),
    });
    expect(recorded).toEqual([]);
  });

  it('refuses a program that is not there', async () => {
    const absent = program('', { command: join(dir, 'absent') });
    await expect(supervise().start(absent, never)).rejects.toMatchObject({ code: 'STACK_FAILED' });
  });

  it('ends a part that does not become ready in time', async () => {
    const slow = program("console.log('starting'); setInterval(() => {}, 1000);", { readyTimeoutMs: 700 });
    await expect(supervise().start(slow, never)).rejects.toThrow('it was not ready after 0.7 s');
    expect(recorded).toEqual([]);
  });

  it('ends a part whose start is called off', async () => {
    const controller = new AbortController();
    const supervisor = supervise();
    const starting = supervisor.start(
      program("console.log('starting'); setInterval(() => {}, 1000);"),
      controller.signal,
    );
    const [record] = recorded;
    expect(stillRuns(record!)).toBe(true);
    controller.abort(new Error('called off'));
    await expect(starting).rejects.toThrow('called off');
    expect(stillRuns(record!)).toBe(false);
    await expect(supervisor.start(program(SERVES), controller.signal)).rejects.toThrow('called off');
    expect(recorded).toEqual([]);
  });

  it('stops parts politely, and for good after the grace time', async () => {
    const polite = `process.on('SIGTERM', () => { console.log('tidied up'); process.exit(0); }); ${SERVES}`;
    const stubborn = `process.on('SIGTERM', () => console.log('not me')); ${SERVES}`;
    const supervisor = supervise();
    await supervisor.start(program(polite), never);
    await supervisor.start(program(stubborn, { name: 'second', graceMs: 300 }), never);
    const records = [...recorded];
    await supervisor.stop(['first', 'second']);
    expect(records.filter(stillRuns)).toEqual([]);
    expect(readFileSync(join(dir, 'first.log'), 'utf8')).toContain('tidied up');
    expect(readFileSync(join(dir, 'second.log'), 'utf8')).toContain('not me');
    expect(recorded).toEqual([]);
    await sleep(200);
    expect(said).toEqual([]);
  });

  it('stops parts that die while it is told to, and one that is being started again', async () => {
    const supervisor = supervise();
    await supervisor.start(program(SERVES), never);
    const once = `const fs = require('fs'); const marker = ${JSON.stringify(join(dir, 'once'))};
      if (!fs.existsSync(marker)) { fs.writeFileSync(marker, ''); console.log('serving'); }
      setInterval(() => {}, 1000);`;
    await supervisor.start(program(once, { name: 'second' }), never);
    process.kill(supervisor.processes[1]!.pid, 'SIGKILL');
    await vi.waitFor(() => expect(supervisor.processes).toMatchObject([{ restarts: 0 }, { restarts: 1 }]), soon);
    const records = [...recorded];
    process.kill(records[0]!.pid, 'SIGKILL');
    await supervisor.stop(['first', 'second']);
    expect(records.filter(stillRuns)).toEqual([]);
    expect(supervisor.processes).toEqual([]);
    await sleep(200);
    expect(said).toEqual(['second died (SIGKILL); restarting it (1 of at most 5)']);
  });

  it('gives up in words, and stops, also when its folder was removed', async () => {
    const supervisor = supervise({ maxRestarts: 1 });
    await supervisor.start(program(SERVES), never);
    rmSync(dir, { recursive: true });
    process.kill(supervisor.processes[0]!.pid, 'SIGKILL');
    const error = await supervisor.failed;
    expect(error).toMatchObject({ code: 'STACK_FAILED' });
    await supervisor.stop(['first']);
  });

  it('does not restart a part once it stops', async () => {
    const supervisor = supervise({ firstBackoffMs: 300 });
    await supervisor.start(program(SERVES), never);
    process.kill(supervisor.processes[0]!.pid, 'SIGKILL');
    await vi.waitFor(() => expect(said).toHaveLength(1), soon);
    await supervisor.stop(['first']);
    await sleep(500);
    expect(supervisor.processes).toEqual([]);
    await expect(supervisor.start(program(SERVES), never)).rejects.toThrow('the stack is stopped');
  });

  it.each<[string, (supervisor: Supervisor) => unknown]>([
    ['stops', (supervisor) => supervisor.stop(['first'])],
    ['is hasty', (supervisor) => supervisor.killAll()],
  ])('ends what a part has started, too, when it %s', async (_, end) => {
    const child = "require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])";
    const supervisor = supervise();
    await supervisor.start(program(`console.log('serving', ${child}.pid); setInterval(() => {}, 1000);`), never);
    const pid = Number(/serving (\d+)/.exec(readFileSync(join(dir, 'first.log'), 'utf8'))![1]);
    strays.push(pid);
    expect(startOf(pid)).toBeDefined();
    const [record] = recorded;
    await end(supervisor);
    await vi.waitFor(() => expect(stillRuns(record!)).toBe(false), soon);
    await vi.waitFor(() => expect(startOf(pid)).toBeUndefined(), soon);
  });

  it('keeps the log of the start before, and only that', async () => {
    for (let start = 1; start <= 3; start++) {
      const supervisor = supervise();
      await supervisor.start(program(`console.log('start ${start}'); ${SERVES}`), never);
      await supervisor.stop(['first']);
    }
    expect(readFileSync(join(dir, 'first.log'), 'utf8')).toContain('start 3');
    expect(readFileSync(join(dir, 'first.log.1'), 'utf8')).toContain('start 2');
    expect(existsSync(join(dir, 'first.log.2'))).toBe(false);
  });
});
