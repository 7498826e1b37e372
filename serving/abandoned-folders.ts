import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STAGING_FOLDER } from '../market/csv/staging.ts';
import { PARQUET_FOLDER } from '../stores/tables/parquet.ts';

/** What nothing was written to for this long belongs to a process that was killed. */
const ABANDONED_MS = 6 * 60 * 60 * 1000;
/** A folder that `mkdtemp` has made for a file under way. */
const UNDER_WAY = new RegExp(`^(?:${STAGING_FOLDER}|${PARQUET_FOLDER})[A-Za-z0-9]{6}$`);

/** Removes the folders of files under way that killed processes have left in the system's temporary folder. */
export function sweepTemporaryFolders(now: Date): Promise<number> {
  return sweepFolders(tmpdir(), now, (name) => UNDER_WAY.test(name));
}

/**
 * Removes the folders and files in a folder, which is made if it is missing, that nothing was written to for six hours;
 * returns how many. Those of other users stay: they are theirs to remove.
 */
export async function sweepFolders(
  dir: string,
  now: Date,
  ours: (name: string) => boolean = () => true,
): Promise<number> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  let swept = 0;
  for (const name of (await readdir(dir)).filter(ours)) {
    const path = join(dir, name);
    const lastWrite = await lastWriteMs(path);
    if (lastWrite === undefined || now.getTime() - lastWrite < ABANDONED_MS) continue;
    await rm(path, { recursive: true, force: true });
    swept++;
  }
  return swept;
}

/** When the folder or a file in it was last written to; undefined where it is gone or another user's. */
async function lastWriteMs(path: string): Promise<number | undefined> {
  try {
    const folder = await stat(path);
    if (folder.uid !== (process.getuid?.() ?? folder.uid)) return undefined;
    const names = folder.isDirectory() ? await readdir(path) : [];
    const files = await Promise.all(names.map((name) => stat(join(path, name))));
    return Math.max(folder.mtimeMs, ...files.map(({ mtimeMs }) => mtimeMs));
  } catch (error) {
    // Another process has just removed it, or writes to it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
