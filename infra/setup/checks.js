// The static checks: what they are called and how they are run.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const projectDir = fileURLToPath(new URL('../..', import.meta.url));
/** @param {string} name */
const bin = (name) => join(projectDir, 'node_modules', '.bin', name);

/** Each check, with the command that runs it. */
export const CHECKS = [
  { name: 'types', command: bin('tsc'), args: ['--noEmit'] },
  { name: 'lint and borders', command: bin('oxlint'), args: ['--type-aware', '--deny-warnings'] },
  { name: 'format', command: bin('biome'), args: ['format', '.'] },
  { name: 'dead code', command: bin('knip'), args: [] },
];

/** Runs the checks one after another, all of them, and returns how many passed and failed. */
export function runChecks() {
  const counts = { passed: 0, failed: 0 };
  for (const { name, command, args } of CHECKS) {
    const started = Date.now();
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd: projectDir,
      encoding: 'utf8',
      maxBuffer: 64e6,
    });
    const fine = status === 0 && error === undefined;
    counts[fine ? 'passed' : 'failed']++;
    console.log(`${fine ? 'ok    ' : 'FAILED'}  ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (!fine) console.log(error === undefined ? `${stdout}${stderr}` : String(error));
  }
  return counts;
}
