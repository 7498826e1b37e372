// npm test: the static checks, then every test. Ends with the true counts on a line of their own.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runChecks } from './checks.js';
import { runTests } from './run-tests.js';

const projectDir = fileURLToPath(new URL('../..', import.meta.url));
const chosen = process.argv.slice(2);
if (chosen.every((argument) => argument.startsWith('-'))) {
  // What it cannot make, the tests that want it say.
  const args = ['--import', 'tsx', 'tests/support/make-ahead.ts'];
  spawn(process.execPath, args, { cwd: projectDir, stdio: ['ignore', 2, 2] });
}
const checks = runChecks();
const tests = runTests(projectDir, chosen);
const failed = checks.failed + tests.failed;
console.log(`${checks.passed + tests.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
