import { existsSync, mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that lies in memory, on Linux; small in many containers. */
const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 4e9;

/** Makes a folder for a server that waits for the disk at every write, which no test asks of it: in memory, where there is enough. */
export function scratchDir(prefix: string): string {
  return mkdtempSync(join(hasRoom() ? MEMORY : tmpdir(), prefix));
}

function hasRoom(): boolean {
  if (!existsSync(MEMORY)) return false;
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize > ENOUGH_BYTES;
}
