import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FolderObjectStore } from '../../stores/objects/folder-object-store.ts';
import { runTypeScript } from '../support/run-typescript.ts';
import { freshContext } from './backend.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stockcast-killed-puts-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a folder of objects', () => {
  it('holds whole objects alone when puts are killed midway, and cleans up after them', async () => {
    const context = freshContext('killed');
    const size = 4_000_000;
    let leftBehind = 0;
    for (let round = 0; round < 6; round++) {
      const process = runTypeScript(`
        import { FolderObjectStore } from './stores/objects/folder-object-store.ts';
        const store = new FolderObjectStore(${JSON.stringify(folder)});
        const context = { tenant: 'killed', principal: 'tester', clock: { now: () => new Date() } };
        for (let i = 0; ; i++) {
          await store.put(context, 'object-' + (i % 3), new Uint8Array(${size} + (i % 7)).fill(i % 7));
          if (i === 0) console.log('has put');
        }`);
      expect(await process.line()).toBe('has put');
      await sleep(5 + round * 17);
      await process.kill();
      const store = new FolderObjectStore(folder);
      for (const key of ['object-0', 'object-1', 'object-2']) {
        if (!(await store.exists(context, key))) continue;
        const object = await store.get(context, key);
        expect(object.length).toBe(size + object[0]!);
        expect(object.every((byte) => byte === object[0])).toBe(true);
      }
      leftBehind = readdirSync(join(folder, '.unfinished')).length;
    }
    // At least one kill hit the middle of a put, or this test has shown nothing.
    expect(leftBehind).toBeGreaterThan(0);

    const overAnHourAgo = new Date(Date.now() - 61 * 60_000);
    const leftovers = readdirSync(join(folder, '.unfinished'));
    for (const name of leftovers.slice(1)) utimesSync(join(folder, '.unfinished', name), overAnHourAgo, overAnHourAgo);
    await new FolderObjectStore(folder).put(context, 'object-0', Uint8Array.of(1));
    // What is younger may belong to a put that goes on in another process.
    expect(readdirSync(join(folder, '.unfinished'))).toEqual(leftovers.slice(0, 1));
  });
});
