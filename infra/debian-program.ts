import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from './go-program.ts';
import { withFolderLock } from './setup/folder-lock.js';

const run = promisify(execFile);

/** A server that Debian packages, and how its process is given what lies beside it. */
export interface DebianProgram {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Finds a program on PATH or in the user's cache, or unpacks Debian's packages into the cache, without root and in the
 * version that this machine's Debian has. Returns a text that says why none can be had where that doesn't work.
 * @param packages the program's own and those of its libraries that not every machine has
 */
export async function ensureDebianProgram(
  name: string,
  executable: string,
  packages: readonly string[],
): Promise<DebianProgram | string> {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, executable);
    if (existsSync(path)) return { path, env: process.env };
  }
  const home = join(cacheDir(), name);
  return withFolderLock(`${home}.lock`, {}, async () => {
    if (!existsSync(home)) {
      mkdirSync(cacheDir(), { recursive: true });
      const dir = mkdtempSync(`${home}-unfinished-`);
      try {
        await run('apt-get', ['download', ...packages], { cwd: dir });
        for (const file of readdirSync(dir)) await run('dpkg', ['-x', file, 'unpacked'], { cwd: dir });
        renameSync(join(dir, 'unpacked'), home);
      } catch (error) {
        return `there is no ${executable}, and Debian's packages can't be unpacked: ${(error as Error).message}`;
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    }
    const lib = join(home, 'usr', 'lib');
    const libraries = existsSync(lib) ? readdirSync(lib).map((folder) => join(lib, folder)) : [];
    return {
      path: join(home, 'usr', 'bin', executable),
      env: { ...process.env, LD_LIBRARY_PATH: libraries.join(delimiter) },
    };
  });
}
