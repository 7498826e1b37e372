import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, open, readFile, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Context } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import { isKey, tenantKey, tenantPrefix } from './object-key.ts';
import type { ObjectInfo, ObjectStore } from './object-store.ts';

const UNFINISHED = '.unfinished';
/** The file system, or what of it this user may have, is full. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT']);
/** How often a finished file is moved to its place, should its folder be removed under it. */
const MOST_MOVES = 100;
/** A temporary file that nothing was written to for this long belongs to a process that was killed. */
const ABANDONED_MS = 60 * 60 * 1000;

/**
 * Objects as files below a folder, one folder per tenant. A put writes a temporary file in the same file system, syncs
 * it, renames it into place and syncs the folder: a kill at any moment leaves the old object or the new one. The first
 * put of a process removes what killed ones have left.
 */
export class FolderObjectStore implements ObjectStore {
  readonly #root: string;
  #swept: Promise<void> | undefined;

  constructor(root: string) {
    this.#root = resolve(root);
  }

  async put(context: Context, key: string, bytes: Uint8Array): Promise<void> {
    const target = this.#path(context, key);
    this.#swept ??= this.#sweep().catch((error: unknown) => {
      this.#swept = undefined;
      throw error;
    });
    await this.#swept;
    const temporary = join(this.#root, UNFINISHED, randomUUID());
    try {
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await moveInto(temporary, target);
    } catch (cause) {
      await rm(temporary, { force: true });
      const { code = '', message } = cause as NodeJS.ErrnoException;
      if (!NO_ROOM.has(code)) throw cause;
      throw new StockcastError('OBJECTS_FULL', { key, root: this.#root, problem: message }, { cause });
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
    const stats = await stat(this.#path(context, key)).catch(undefinedIfMissing);
    return stats?.isFile() ?? false;
  }

  async *list(context: Context, prefix: string): AsyncIterable<ObjectInfo> {
    yield* listFolder(join(this.#root, tenantPrefix(context)), '', prefix);
  }

  async remove(context: Context, key: string): Promise<void> {
    const path = this.#path(context, key);
    if (!(await this.exists(context, key))) return;
    await unlink(path).catch(undefinedIfMissing);
    await removeEmpty(dirname(path), this.#root);
  }

  /** Settles when objects can be written and read. */
  async ping(): Promise<void> {
    await makeFolder(this.#root);
    await access(this.#root, constants.R_OK | constants.W_OK);
  }

  /** Nothing stays open. */
  async close(): Promise<void> {}

  // Makes the folder of temporary files and removes what killed puts have left in it. Their age is told by the file
  // system, so it is measured with the system's clock.
  async #sweep(): Promise<void> {
    const unfinished = join(this.#root, UNFINISHED);
    await makeFolder(unfinished);
    for (const name of await readdir(unfinished)) {
      const path = join(unfinished, name);
      const stats = await stat(path).catch(undefinedIfMissing);
      if (stats !== undefined && Date.now() - stats.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
    }
  }

  #path(context: Context, key: string): string {
    return join(this.#root, tenantKey(context, key));
  }
}

/** The objects below a folder whose key begins with the prefix; `begin` is how keys in this folder begin. */
async function* listFolder(folder: string, begin: string, prefix: string): AsyncGenerator<ObjectInfo> {
  const found = (await readdir(folder, { withFileTypes: true }).catch(undefinedIfMissing)) ?? [];
  // As keys go on with a slash in a folder, this is the order of whole keys.
  const entries = found.map((entry) => ({ entry, key: `${begin}${entry.name}${entry.isDirectory() ? '/' : ''}` }));
  entries.sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { entry, key } of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (key.startsWith(prefix) || prefix.startsWith(key)) yield* listFolder(path, key, prefix);
    } else if (key.startsWith(prefix) && isKey(key)) {
      const stats = await stat(path).catch(undefinedIfMissing);
      if (stats !== undefined) yield { key, bytes: stats.size, modifiedAt: stats.mtime.toISOString() };
    }
  }
}

// A folder that a crash undoes takes the objects in it along, so those that are new are synced up to one that was there.
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; folder !== dirname(first); folder = dirname(folder)) await syncFolder(dirname(folder));
}

/** Moves a finished file to its place. Whoever removes an object may remove the folder just made, as it was empty. */
async function moveInto(temporary: string, target: string): Promise<void> {
  for (let left = MOST_MOVES; ; left--) {
    try {
      await makeFolder(dirname(target));
      return await rename(temporary, target);
    } catch (error) {
      if (left === 1 || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Removes a folder and those above it, up to `root`, as far as nothing is in them. */
async function removeEmpty(folder: string, root: string): Promise<void> {
  for (let path = folder; path !== root; path = dirname(path)) {
    try {
      await rmdir(path);
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      return;
    }
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

function undefinedIfMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
