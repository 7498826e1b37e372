import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FolderObjectStore } from '../../stores/objects/folder-object-store.ts';
import { freshContext } from './backend.ts';
import { objectStoreContract } from './object-store.contract.ts';

objectStoreContract('a folder', async () => {
  const root = mkdtempSync(join(tmpdir(), 'stockcast-objects-'));
  return {
    connect: () => new FolderObjectStore(join(root, 'objects')),
    close: async () => rmSync(root, { recursive: true }),
  };
});

test('the folders of removed objects go with them, and never from under an object that is put', async () => {
  const root = mkdtempSync(join(tmpdir(), 'stockcast-objects-'));
  const context = freshContext();
  const [one, other] = [new FolderObjectStore(root), new FolderObjectStore(root)];
  const bytes = new Uint8Array([1]);
  for (let i = 0; i < 100; i++) {
    await one.put(context, 'models/AAPL/old.json', bytes);
    await Promise.all([one.remove(context, 'models/AAPL/old.json'), other.put(context, 'models/AAPL/new.json', bytes)]);
    expect(await one.get(context, 'models/AAPL/new.json')).toEqual(Buffer.from(bytes));
    await other.remove(context, 'models/AAPL/new.json');
    expect(readdirSync(root)).toEqual(['.unfinished']);
  }
  rmSync(root, { recursive: true });
});
