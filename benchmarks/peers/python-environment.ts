import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheDir } from '../../infra/go-program.ts';

const run = promisify(execFile);

/** What to make the environment from and where; all have defaults that suit the benches. */
export interface PythonEnvironmentOptions {
  /** The pinned packages, one a line as pip reads them. */
  readonly requirements?: string;
  /** The folder that environments are kept in, one for each content of the requirements. */
  readonly cache?: string;
  /** The Python to make it with. */
  readonly python?: string;
}

const REQUIREMENTS = fileURLToPath(new URL('./requirements.txt', import.meta.url));
const WITHOUT = 'Without Python, leave its peers out with --subjects.';

/**
 * Makes a virtual environment with the pinned packages, or finds the one made earlier, and returns the path of its
 * Python. It is made under a temporary name and renamed when whole, so a broken installation is never taken for one.
 * @throws Error when there is no python3 or the packages can't be installed, with what to do
 */
export async function pythonEnvironment(
  progress: (text: string) => void,
  options: PythonEnvironmentOptions = {},
): Promise<string> {
  const { requirements = REQUIREMENTS, python = 'python3' } = options;
  const cache = options.cache ?? cacheDir();
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const folder = join(cache, `peers-${hash}`);
  const executable = join(folder, 'bin', 'python');
  if (existsSync(executable)) return executable;
  const unfinished = `${folder}.${process.pid}`;
  progress(`Setting up the Python peers once in ${folder} (a minute or two) …`);
  await mkdir(cache, { recursive: true });
  try {
    await makeEnvironment(python, unfinished);
    await install(join(unfinished, 'bin', 'python'), requirements);
    await rename(unfinished, folder).catch((error: unknown) => {
      // Another run was faster; its environment has the same packages.
      if (!existsSync(executable)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return executable;
}

async function makeEnvironment(python: string, folder: string): Promise<void> {
  try {
    await run(python, ['-m', 'venv', folder]);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const problem = missing
      ? `${python} was not found. Install Python 3.11 or later with venv and pip.`
      : `${python} can't make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv.`;
    throw new Error(`The Python peers can't be set up: ${problem} ${WITHOUT}`, { cause: error });
  }
}

async function install(python: string, requirements: string): Promise<void> {
  try {
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  } catch (error) {
    throw new Error(`The Python peers can't be set up: pip can't install ${requirements}. ${WITHOUT}`, {
      cause: error,
    });
  }
}
