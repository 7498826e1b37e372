import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const COMPUTING_SOURCES = ['domain', 'models', 'market/adjustment.ts'];
const WORKER_SOURCES = [
  ...['domain', 'models', 'market', 'stores', 'serving', 'activities', 'workflows', 'workers', 'config'],
  'package-lock.json',
];

/**
 * SHA-256 over the sources that decide what a model computes (domain, models and price adjustment; no tests), as 64 hex
 * digits. Part of every model's identity: changed arithmetic is a new model.
 */
export function codeVersion(projectDir: string): string {
  return sourcesHash(projectDir, COMPUTING_SOURCES);
}

/**
 * Names the code that a worker runs: the project's version and a hash of every source and package version that runs in
 * it, for example `0.1.0-3f9c12aa04de`. Equal for equal code, wherever it lies.
 */
export function buildId(projectDir: string): string {
  const { version } = JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8')) as { version: string };
  return `${version}-${sourcesHash(projectDir, WORKER_SOURCES).slice(0, 12)}`;
}

/** SHA-256, as 64 hex digits, over the files with these names and the sources (no tests) in folders with these names. */
export function sourcesHash(projectDir: string, names: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of names.flatMap((name) => sourcesBelow(join(projectDir, name)))) {
    hash.update(relative(projectDir, file).split(sep).join('/')).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function sourcesBelow(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|js)$/.test(entry.name) && !/\.test\.(ts|js)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
