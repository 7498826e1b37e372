import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runTypeScript } from '../../tests/support/run-typescript.ts';
import { folderLockHolder, tryFolderLock, withFolderLock } from './folder-lock.js';
import { startOf } from './process-start.js';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-lock-'));
  path = join(dir, 'below', 'lock');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function leave(pid: number, start: string): void {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'owner'), `${pid} ${start}`);
}

describe('a folder lock', () => {
  it('is held by one at a time, and names who holds it', () => {
    const release = tryFolderLock(path);
    expect(folderLockHolder(path)).toBe(process.pid);
    expect(tryFolderLock(path)).toBeUndefined();
    release!();
    expect(folderLockHolder(path)).toBeUndefined();
    tryFolderLock(path)!();
    expect(readdirSync(join(dir, 'below'))).toEqual([]);
  });

  it('is given back also when the work fails', async () => {
    await expect(withFolderLock(path, {}, () => Promise.reject(new Error('no luck')))).rejects.toThrow('no luck');
    expect(existsSync(path)).toBe(false);
  });

  it('is taken over from a process that was killed', async () => {
    const holder = runTypeScript(`
      import { tryFolderLock } from './infra/setup/folder-lock.js';
      console.log(tryFolderLock(${JSON.stringify(path)}) !== undefined);
      setInterval(() => {}, 1000);`);
    expect(await holder.line()).toBe('true');
    expect(tryFolderLock(path)).toBeUndefined();
    await holder.kill();
    const release = tryFolderLock(path);
    expect(folderLockHolder(path)).toBe(process.pid);
    release!();
  });

  it('is taken over where the holder has ended and its id was given to another process', () => {
    leave(process.pid, `not ${startOf(process.pid)}`);
    expect(tryFolderLock(path)).toBeTypeOf('function');
  });

  it('can be waited for, and the waiting called off', async () => {
    const release = tryFolderLock(path)!;
    const controller = new AbortController();
    let waits = 0;
    const onWait = () => waits++;
    const given = withFolderLock(path, { onWait }, () => 'done');
    const calledOff = withFolderLock(path, { onWait, signal: controller.signal }, () => 'done');
    controller.abort();
    await expect(calledOff).rejects.toThrow('abort');
    release();
    expect(await given).toBe('done');
    expect(waits).toBe(2);
  });

  it('lets one of many processes in at a time, also over a lock that was left behind', async () => {
    leave(2 ** 22 + 1, '1');
    const journal = join(dir, 'journal');
    const processes = Array.from({ length: 4 }, () =>
      runTypeScript(`
        import { appendFileSync } from 'node:fs';
        import { setTimeout as sleep } from 'node:timers/promises';
        import { withFolderLock } from './infra/setup/folder-lock.js';
        for (let i = 0; i < 3; i++) {
          await withFolderLock(${JSON.stringify(path)}, {}, async () => {
            appendFileSync(${JSON.stringify(journal)}, 'in ');
            await sleep(20);
            appendFileSync(${JSON.stringify(journal)}, 'out ');
          });
        }`),
    );
    expect(await Promise.all(processes.map(({ exited }) => exited))).toEqual([0, 0, 0, 0]);
    expect(readFileSync(journal, 'utf8')).toBe('in out '.repeat(12));
  });
});
