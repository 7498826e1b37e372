import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { StockcastError } from '../../domain/errors.ts';
import { cacheDir } from '../go-program.ts';
import { withFolderLock } from '../setup/folder-lock.js';

const run = promisify(execFile);

/** The MLflow that is installed where there is none, and that everything is tested with. */
const MLFLOW_VERSION = '3.17.0';
const PACKAGES = [`mlflow==${MLFLOW_VERSION}`, 'boto3'];
const INSTALL_MS = 15 * 60_000;

/** Where an MLflow is, and who put it there. */
export interface MlflowProgram {
  readonly path: string;
  readonly source: 'PATH' | 'cache';
}

/** MLflow of the wanted version where it is there already: on PATH, or in the user's cache. */
async function findMlflow(): Promise<MlflowProgram | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, 'mlflow');
    if (!existsSync(path)) continue;
    if ((await versionOf(path)) === MLFLOW_VERSION) return { path, source: 'PATH' };
    break;
  }
  return existsSync(completePath()) ? { path: cachedPath(), source: 'cache' } : undefined;
}

/**
 * Finds MLflow, or installs it with python3 and pip into a virtual environment in the user's cache (500 MB, a minute).
 * @throws StockcastError STACK_FAILED saying what to install, when that does not work
 */
export async function ensureMlflow(say: (line: string) => void): Promise<MlflowProgram> {
  const found = await findMlflow();
  if (found !== undefined) return found;
  const home = homeDir();
  const onWait = () => say('another process is installing MLflow; waiting for it');
  return withFolderLock(`${home}.lock`, { onWait }, async () => {
    if (existsSync(completePath())) return { path: cachedPath(), source: 'cache' };
    say(`installing MLflow ${MLFLOW_VERSION} with python3 and pip, once per user: about a minute, 500 MB`);
    // What was killed while it installed is of no use.
    await rm(home, { recursive: true, force: true });
    await mkdir(cacheDir(), { recursive: true });
    try {
      await run('python3', ['-m', 'venv', home]);
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES];
      await run(join(home, 'bin', 'python'), pip, { timeout: INSTALL_MS });
      // Scripts name their interpreter by its full path, so the environment can't be made elsewhere and moved here whole.
      await writeFile(completePath(), PACKAGES.join('\n'));
    } catch (cause) {
      await rm(home, { recursive: true, force: true });
      const problem = `${(cause as Error).message.trim().split('\n').slice(-3).join(' | ')}. Install Python 3.10 or newer with venv and pip, or put MLflow ${MLFLOW_VERSION} on PATH (pip install mlflow==${MLFLOW_VERSION})`;
      throw new StockcastError('STACK_FAILED', { part: 'MLflow', problem }, { cause });
    }
    return { path: cachedPath(), source: 'cache' };
  });
}

function homeDir(): string {
  return join(cacheDir(), `mlflow-${MLFLOW_VERSION}`);
}

function cachedPath(): string {
  return join(homeDir(), 'bin', 'mlflow');
}

// There only once all of it is installed.
function completePath(): string {
  return join(homeDir(), 'complete');
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 60_000 });
    return /version (\S+)/.exec(stdout)?.[1];
  } catch {
    // Not runnable, or not MLflow: as good as absent.
    return undefined;
  }
}
