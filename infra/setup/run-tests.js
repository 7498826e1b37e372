import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));

/**
 * Runs vitest over the project in `dir` and returns how many tests passed and failed. Each test file that could not be
 * loaded counts as one failed test; so does whatever else fails the run without failing a test: missed coverage, an
 * error outside of any test, a crash.
 * @param {string} dir
 * @param {string[]} args of `vitest run`
 * @returns {{ passed: number, failed: number }}
 */
export function runTests(dir, args) {
  const reportDir = mkdtempSync(join(tmpdir(), 'stockcast-report-'));
  try {
    const report = join(reportDir, 'vitest.json');
    const { status } = spawnSync(
      process.execPath,
      [VITEST, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args],
      { cwd: dir, stdio: 'inherit' },
    );
    const counts = countsIn(report);
    if (status !== 0 && counts.failed === 0) {
      console.log('the test run failed as a whole: see above');
      counts.failed++;
    }
    return counts;
  } finally {
    rmSync(reportDir, { recursive: true, force: true });
  }
}

/** @param {string} report */
function countsIn(report) {
  /** @type {{ numPassedTests: number, numFailedTests: number, testResults: { status: string, assertionResults: { status: string }[] }[] }} */
  let results;
  try {
    results = JSON.parse(readFileSync(report, 'utf8'));
  } catch (error) {
    console.log(`vitest ended without a whole report: ${error}`);
    return { passed: 0, failed: 1 };
  }
  const unread = results.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return { passed: results.numPassedTests, failed: results.numFailedTests + unread.length };
}
