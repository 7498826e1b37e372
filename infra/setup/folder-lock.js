import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOf } from './process-start.js';

const OWNER = 'owner';
const POLL_MS = 200;

/**
 * Runs `body` while no other process that uses the same `path` does.
 * @template T
 * @param {string} path
 * @param {{ onWait?: () => void, signal?: AbortSignal | undefined }} options `onWait` is told once when another process is at it
 * @param {() => T | Promise<T>} body
 * @returns {Promise<T>}
 */
export async function withFolderLock(path, { onWait, signal }, body) {
  let release = tryFolderLock(path);
  if (release === undefined) onWait?.();
  for (; release === undefined; release = tryFolderLock(path)) {
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
  try {
    return await body();
  } finally {
    release();
  }
}

/**
 * Takes the lock if nobody holds it, and returns how to give it back. The lock is a folder that names its owner; one
 * whose owner has ended, however it ended, is taken over.
 * @param {string} path
 * @returns {(() => void) | undefined}
 */
export function tryFolderLock(path) {
  mkdirSync(dirname(path), { recursive: true });
  const mine = mkdtempSync(`${path}-`);
  writeFileSync(join(mine, OWNER), `${process.pid} ${startOf(process.pid)}`);
  // A folder with something in it is never renamed over, so one of many takes the lock.
  if (tryRename(mine, path) || (removeStale(path) && tryRename(mine, path))) {
    return () => {
      // Moved away whole: half emptied, it would be another's for the taking while this process still deletes.
      const aside = asideOf(path);
      if (tryRename(path, aside)) rmSync(aside, { recursive: true, force: true });
    };
  }
  rmSync(mine, { recursive: true, force: true });
  return undefined;
}

/**
 * The id of the process that holds the lock; undefined when none does.
 * @param {string} path
 * @returns {number | undefined}
 */
export function folderLockHolder(path) {
  const owner = ownerOf(path);
  return owner !== undefined && isAlive(owner) ? pidOf(owner) : undefined;
}

/** @param {string} path */
function removeStale(path) {
  const owner = ownerOf(path);
  if (owner === undefined || isAlive(owner)) return false;
  const aside = asideOf(path);
  if (!tryRename(path, aside)) return false;
  // Another process may have taken the lock over in between: then it is given back.
  if (ownerOf(aside) !== owner && tryRename(aside, path)) return false;
  rmSync(aside, { recursive: true, force: true });
  return true;
}

/** @param {string} path */
function asideOf(path) {
  return `${path}-${randomBytes(4).toString('hex')}`;
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
    const { code = '' } = /** @type {NodeJS.ErrnoException} */ (error);
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EPERM'].includes(code)) return false;
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
  return startOf(pidOf(owner)) === owner.slice(owner.indexOf(' ') + 1);
}

/** @param {string} owner */
function pidOf(owner) {
  return Number(owner.slice(0, owner.indexOf(' ')));
}
