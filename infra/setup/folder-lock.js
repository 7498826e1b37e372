import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOf } from './process-start.js';

const OWNER = 'owner';
const POLL_MS = 200;

/**
 * Runs `body` while no other process that uses the same `path` does. The lock is a folder that names its owner; one
 * whose owner has ended, however it ended, is taken over.
 * @template T
 * @param {string} path
 * @param {{ onWait?: () => void, signal?: AbortSignal | undefined }} options `onWait` is told once when another process is at it
 * @param {() => T | Promise<T>} body
 * @returns {Promise<T>}
 */
export async function withFolderLock(path, { onWait, signal }, body) {
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; !tryLock(path); told = true) {
    if (!told) onWait?.();
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
  try {
    return await body();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** @param {string} path */
function tryLock(path) {
  const mine = mkdtempSync(`${path}-`);
  writeFileSync(join(mine, OWNER), `${process.pid} ${startOf(process.pid)}`);
  if (tryRename(mine, path)) return true;
  rmSync(mine, { recursive: true, force: true });
  const owner = ownerOf(path);
  if (owner === undefined || isAlive(owner)) return false;
  const aside = `${path}-${randomBytes(4).toString('hex')}`;
  // Another process may have taken the lock over in between: then it is given back.
  if (!tryRename(path, aside)) return false;
  if (ownerOf(aside) !== owner && tryRename(aside, path)) return false;
  rmSync(aside, { recursive: true, force: true });
  return false;
}

/**
 * @param {string} from
 * @param {string} to
 */
function tryRename(from, to) {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT' || code === 'EPERM') return false;
    throw error;
  }
}

/**
 * @param {string} path
 * @returns {string | undefined}
 */
function ownerOf(path) {
  try {
    return readFileSync(join(path, OWNER), 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @param {string} owner */
function isAlive(owner) {
  const [pid, start] = owner.split(/ (.*)/);
  return startOf(Number(pid)) === start;
}
