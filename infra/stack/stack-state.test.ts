import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { POSTGRES } from './part.ts';
import { type ProcessRecord, recordOf, stillRuns } from './process-identity.ts';
import { StackState } from './stack-state.ts';

let dir: string;
let said: string[];
const children: ChildProcess[] = [];
const say = (line: string) => void said.push(line);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-state-'));
  said = [];
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(dir, { recursive: true, force: true });
});

/** A process that writes to `log` which signal ends it, as a stack would have started it. */
async function serve(name: string, log = join(dir, 'ends')): Promise<ProcessRecord> {
  const source = `for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => {
      require('fs').appendFileSync(${JSON.stringify(log)}, '${name} ' + signal + '\\n'); process.exit(0); });
    console.log('serving'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', source], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  return recordOf(name, child.pid!)!;
}

describe('what an earlier stack has left behind', () => {
  it('is ended, the servers after those that use them, and said so', async () => {
    const state = new StackState(dir);
    const records = [await serve(POSTGRES), await serve('API')];
    state.keepProcesses(records);
    await state.endLeftovers(say);
    expect(records.filter(stillRuns)).toEqual([]);
    expect(said).toEqual([`ending what an earlier run left behind: ${POSTGRES}, API`]);
    expect(readFileSync(join(dir, 'ends'), 'utf8')).toBe(`API SIGTERM\n${POSTGRES} SIGINT\n`);
    expect(readdirSync(dir)).toEqual(['ends']);
  });

  it('is not another process that has got the same id since', async () => {
    const state = new StackState(dir);
    const stranger = await serve('stranger');
    state.keepProcesses([{ ...stranger, startedAt: `${stranger.startedAt}0` }]);
    expect(state.partRuns('stranger')).toBe(false);
    await state.endLeftovers(say);
    expect(stillRuns(stranger)).toBe(true);
    expect(said).toEqual([]);
  });

  it('is not what has ended by itself, nor what a damaged file says', async () => {
    const state = new StackState(dir);
    const gone = await serve('gone');
    state.keepProcesses([gone]);
    expect(state.partRuns('gone')).toBe(true);
    process.kill(gone.pid, 'SIGTERM');
    await expect.poll(() => stillRuns(gone)).toBe(false);
    await state.endLeftovers(say);
    writeFileSync(join(dir, 'processes.json'), '[{"na');
    await state.endLeftovers(say);
    expect(said).toEqual([]);
    expect(readdirSync(dir)).toEqual(['ends']);
  });
});

describe('a state folder', () => {
  it('is taken by one stack at a time, and free again when that gives it back', () => {
    const release = new StackState(dir).claim();
    expect(() => new StackState(dir).claim()).toThrow(`it runs already, as process ${process.pid}, on ${dir}`);
    release();
    new StackState(dir).claim()();
    expect(readdirSync(dir)).toEqual([]);
  });

  it('keeps ports and addresses, these for their owner alone, also after somebody removed the folder', () => {
    const state = new StackState(dir);
    expect(state.lastPorts()).toBeUndefined();
    const ports = { api: 1, temporal: 2, temporalUi: 3, postgres: 4 };
    rmSync(dir, { recursive: true });
    state.keepPorts(ports);
    expect(new StackState(dir).lastPorts()).toEqual(ports);
    const addresses = { api: 'http://x', temporal: 'x:1', databaseUrl: 'postgres://u:secret@x/y', objectsDir: '/o' };
    state.keepAddresses(addresses);
    expect(JSON.parse(readFileSync(join(dir, 'stack.json'), 'utf8'))).toEqual({ addresses });
    if (process.platform !== 'win32') expect(statSync(join(dir, 'stack.json')).mode & 0o777).toBe(0o600);
    state.clear();
    expect(readdirSync(dir)).toEqual(['ports.json']);
  });
});
