import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderObjectStore } from '../../stores/objects/folder-object-store.ts';
import { objectStoreContract } from './object-store.contract.ts';

objectStoreContract('a folder', async () => {
  const root = mkdtempSync(join(tmpdir(), 'stockcast-objects-'));
  return {
    connect: () => new FolderObjectStore(join(root, 'objects')),
    close: async () => rmSync(root, { recursive: true }),
  };
});
