import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const TARGET = '../../cli/stockcast.js';

/**
 * Makes `npx stockcast` run this project's own command line, which npm does only for the packages that it installs.
 * @param {string} dir the project's folder
 */
export function linkCommand(dir) {
  const link = join(dir, 'node_modules', '.bin', 'stockcast');
  mkdirSync(dirname(link), { recursive: true });
  if (process.platform === 'win32') {
    const shim = `@node "%~dp0\\${TARGET.replaceAll('/', '\\')}" %*\r\n`;
    if (readOr(() => readFileSync(`${link}.cmd`, 'utf8')) !== shim) writeFileSync(`${link}.cmd`, shim);
    return;
  }
  if (readOr(() => readlinkSync(link)) === TARGET) return;
  chmodSync(join(dir, 'cli', 'stockcast.js'), 0o755);
  // Renamed into place, so that two processes at once don't trip over each other.
  const fresh = `${link}-${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(TARGET, fresh);
  renameSync(fresh, link);
}

/**
 * @param {() => string} read
 * @returns {string | undefined}
 */
function readOr(read) {
  try {
    return read();
  } catch {
    // Absent, or something else in its place: made anew either way.
    return undefined;
  }
}

// npm runs this after every installation.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  linkCommand(fileURLToPath(new URL('../..', import.meta.url)));
