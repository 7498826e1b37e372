import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Context } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import type { ObjectStore } from './object-store.ts';

const KEY = /^[A-Za-z0-9%_-][A-Za-z0-9%._-]*(\/[A-Za-z0-9%_-][A-Za-z0-9%._-]*)*$/;
const UNFINISHED = '.unfinished';
/** A put that has not ended after this long belongs to a process that was killed. */
const ABANDONED_MS = 60 * 60 * 1000;

/**
 * Objects as files below a folder, one folder per tenant. A put writes a temporary file in the same file system, syncs
 * it, renames it into place and syncs the folder: a kill at any moment leaves the old object or the new one.
 */
export class FolderObjectStore implements ObjectStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = resolve(root);
  }

  async put(context: Context, key: string, bytes: Uint8Array): Promise<void> {
    const target = this.#path(context, key);
    const unfinished = join(this.#root, UNFINISHED);
    await mkdir(unfinished, { recursive: true });
    await mkdir(dirname(target), { recursive: true });
    const temporary = join(unfinished, randomUUID());
    try {
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(dirname(target));
  }

  async get(context: Context, key: string): Promise<Uint8Array> {
    try {
      return await readFile(this.#path(context, key));
    } catch (cause) {
      if (!isMissing(cause)) throw cause;
      throw new StockcastError('OBJECT_MISSING', { key }, { cause });
    }
  }

  async exists(context: Context, key: string): Promise<boolean> {
    try {
      return (await stat(this.#path(context, key))).isFile();
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  /** Removes what killed puts have left behind; returns how many files went. */
  async sweep(now: Date): Promise<number> {
    const unfinished = join(this.#root, UNFINISHED);
    let swept = 0;
    for (const name of await readdir(unfinished).catch((error: unknown) => (isMissing(error) ? [] : Promise.reject(error)))) {
      const path = join(unfinished, name);
      const { mtimeMs } = await stat(path).catch((error: unknown) => (isMissing(error) ? { mtimeMs: Infinity } : Promise.reject(error)));
      if (now.getTime() - mtimeMs < ABANDONED_MS) continue;
      await rm(path, { force: true });
      swept++;
    }
    return swept;
  }

  #path({ tenant }: Context, key: string): string {
    if (!KEY.test(key) || !KEY.test(tenant) || tenant.includes('/')) {
      throw new RangeError(`not an object key: ${JSON.stringify(`${tenant}/${key}`)}`);
    }
    return join(this.#root, tenant, key);
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open folders; there the rename is all there is.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
