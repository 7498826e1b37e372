import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
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
    const size = 8_000_000;
    const unfinished = join(folder, '.unfinished');
    const leftBehind = () => (existsSync(unfinished) ? readdirSync(unfinished) : []);
    // A kill that comes a moment too late hits no put; two hits are enough.
    for (let round = 0; round < 20 && leftBehind().length < 2; round++) {
      const before = leftBehind().length;
      const process = runTypeScript(`
        import { FolderObjectStore } from './stores/objects/folder-object-store.ts';
        const store = new FolderObjectStore(${JSON.stringify(folder)});
        const context = { tenant: 'killed', principal: 'tester', clock: { now: () => new Date() } };
        for (let i = 0; ; i++) {
          await store.put(context, 'object-' + (i % 3), new Uint8Array(${size} + (i % 7)).fill(i % 7));
          if (i === 3) console.log('has put');
        }`);
      expect(await process.line()).toBe('has put');
      await vi.waitUntil(() => leftBehind().length > before, { timeout: 10_000, interval: 1 });
      await process.kill();
      const store = new FolderObjectStore(folder);
      for (const key of ['object-0', 'object-1', 'object-2']) {
        const object = await store.get(context, key);
        expect(object.length).toBe(size + object[0]!);
        expect(object.every((byte) => byte === object[0])).toBe(true);
      }
    }

    const overAnHourAgo = new Date(Date.now() - 61 * 60_000);
    const leftovers = leftBehind();
    expect(leftovers).toHaveLength(2);
    utimesSync(join(unfinished, leftovers[1]!), overAnHourAgo, overAnHourAgo);
    await new FolderObjectStore(folder).put(context, 'object-0', Uint8Array.of(1));
    // What is younger may belong to a put that goes on in another process.
    expect(leftBehind()).toEqual(leftovers.slice(0, 1));
  });
});
