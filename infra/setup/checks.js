// The static checks: what they are called and how they are run.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {{ name: string, command: string, args: string[] }} Check */

const projectDir = fileURLToPath(new URL('../..', import.meta.url));
/** @param {string} name */
const bin = (name) => join(projectDir, 'node_modules', '.bin', name);

/**
 * Each check, with the command that runs it.
 * @type {Check[]}
 */
export const CHECKS = [
  { name: 'types', command: bin('tsc'), args: ['--noEmit'] },
  { name: 'lint and borders', command: bin('oxlint'), args: ['--type-aware', '--deny-warnings'] },
  { name: 'format', command: bin('biome'), args: ['format', '.'] },
  { name: 'dead code', command: bin('knip'), args: [] },
];

/** Runs the checks one after another, all of them, and returns how many passed and failed. */
export function runChecks() {
  const counts = { passed: 0, failed: 0 };
  for (const check of CHECKS) {
    const started = Date.now();
    const { passed, said } = runCheck(check, projectDir);
    counts[passed ? 'passed' : 'failed']++;
    console.log(`${passed ? 'ok    ' : 'FAILED'}  ${check.name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (!passed) console.log(said);
  }
  return counts;
}

/**
 * Runs one check over the project in `dir`. A tool that cannot be started, or is killed, has not passed.
 * @param {Check} check
 * @param {string} dir
 */
export function runCheck({ command, args }, dir) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: dir, encoding: 'utf8', maxBuffer: 64e6 });
  return { passed: status === 0 && error === undefined, said: error === undefined ? `${stdout}${stderr}` : `${error}` };
}
