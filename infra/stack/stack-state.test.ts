import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { POSTGRES, TEMPORAL } from './part.ts';
import { type ProcessRecord, recordOf, stillRuns } from './process-identity.ts';
import { StackState } from './stack-state.ts';

const ADDRESSES = { api: 'http://x', temporal: 'x:1', databaseUrl: 'postgres://u:secret@x/y', objectsDir: '/o' };

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
    state.keepAddresses(ADDRESSES, { temporal: true, database: true });
    expect(state.inUse()).toBeUndefined();
    await state.endLeftovers(say);
    expect(stillRuns(stranger)).toBe(true);
    expect(said).toEqual([]);
  });

  it('is not what has ended by itself, nor what a damaged file says', async () => {
    const state = new StackState(dir);
    const gone = await serve('gone');
    state.keepProcesses([gone]);
    process.kill(gone.pid, 'SIGTERM');
    await expect.poll(() => stillRuns(gone)).toBe(false);
    await state.endLeftovers(say);
    writeFileSync(join(dir, 'processes.json'), '[{"na');
    await state.endLeftovers(say);
    expect(said).toEqual([]);
    expect(readdirSync(dir)).toEqual(['ends']);
  });
});

describe('what the stack of a folder uses', () => {
  it('is external servers, and its own that run, as long as anything of it runs', async () => {
    const state = new StackState(dir);
    expect(state.inUse()).toBeUndefined();
    const [api, postgres] = [await serve('API'), await serve(POSTGRES)];
    state.keepProcesses([api, postgres]);
    expect(state.inUse()).toBeUndefined();

    const { temporal: _, databaseUrl, ...others } = ADDRESSES;
    state.keepAddresses(ADDRESSES, { temporal: false, database: false });
    expect(state.inUse()).toEqual({ ...others, databaseUrl });
    state.keepProcesses([api, { ...(await serve(TEMPORAL)), name: TEMPORAL }]);
    expect(state.inUse()).toMatchObject({ temporal: ADDRESSES.temporal });
    expect(state.inUse()).not.toHaveProperty('databaseUrl');
    state.keepProcesses([api]);
    state.keepAddresses(ADDRESSES, { temporal: true, database: true });
    expect(state.inUse()).toEqual(ADDRESSES);

    process.kill(api.pid, 'SIGTERM');
    await expect.poll(() => state.inUse()).toBeUndefined();
  });

  it('cannot be told when its file is damaged, which a folder without a stack does not mind', async () => {
    const state = new StackState(dir);
    writeFileSync(join(dir, 'stack.json'), '{');
    expect(state.inUse()).toBeUndefined();
    state.keepProcesses([await serve('API')]);
    expect(() => state.inUse()).toThrow(/stack\.json is damaged/);
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
    const external = { temporal: false, database: true };
    state.keepAddresses(ADDRESSES, external);
    const written: unknown = JSON.parse(readFileSync(join(dir, 'stack.json'), 'utf8'));
    expect(written).toEqual({ addresses: ADDRESSES, external });
    if (process.platform !== 'win32') expect(statSync(join(dir, 'stack.json')).mode & 0o777).toBe(0o600);
    state.clear();
    expect(readdirSync(dir)).toEqual(['ports.json']);
  });
});
