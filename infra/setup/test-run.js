// npm test: the static checks, then every test with coverage. Ends with the true counts on a line of their own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChecks } from './checks.js';

const projectDir = fileURLToPath(new URL('../..', import.meta.url));
const counts = runChecks();

const reportDir = mkdtempSync(join(tmpdir(), 'stockcast-report-'));
const report = join(reportDir, 'vitest.json');
const { status } = spawnSync(
  process.execPath,
  [
    join(projectDir, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--coverage',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  { cwd: projectDir, stdio: 'inherit' },
);
const { passed, failed } = readCounts();
counts.passed += passed;
counts.failed += failed;
// A test file that could not be run, a crash or missed coverage fails the run without failing a test.
if (status !== 0 && failed === 0) {
  console.log('the test run failed as a whole: see above');
  counts.failed++;
}
rmSync(reportDir, { recursive: true, force: true });
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;

function readCounts() {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests };
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
    return { passed: 0, failed: 0 };
  }
}
