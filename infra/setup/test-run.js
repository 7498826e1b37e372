// npm test: the static checks, then every test with coverage. Ends with the true counts on a line of their own.
import { fileURLToPath } from 'node:url';
import { runChecks } from './checks.js';
import { runTests } from './run-tests.js';

const projectDir = fileURLToPath(new URL('../..', import.meta.url));
const checks = runChecks();
const tests = runTests(projectDir, ['--coverage', ...process.argv.slice(2)]);
const failed = checks.failed + tests.failed;
console.log(`${checks.passed + tests.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
