import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const BIN = fileURLToPath(new URL('stockcast.js', import.meta.url));

let stateDir: string;
beforeAll(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'stockcast-cli-'));
});
afterAll(() => rmSync(stateDir, { recursive: true, force: true }));

/** Runs the command line as its users do, where no stack runs. */
function stockcast(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [BIN, ...args], { env: { PATH, HOME, STOCKCAST_STATE_DIR: stateDir } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

test('help goes to stdout and is a success', async () => {
  const { code, stdout, stderr } = await stockcast('--help');
  expect(stdout).toContain('Usage: stockcast');
  expect([code, stderr]).toEqual([0, '']);
});

test('a command that does not exist exits with 2', async () => {
  const { code, stdout, stderr } = await stockcast('tikers');
  expect(stderr).toContain('error USAGE: unknown command');
  expect([code, stdout]).toEqual([2, '']);
});

test('a forecast where no stack runs exits with 1 and says how to start one', async () => {
  const { code, stdout, stderr } = await stockcast('predict', 'AAPL');
  expect(stderr).toMatch(/^error STACK_NOT_RUNNING: .*npm start, or set DATABASE_URL\.\n$/);
  expect([code, stdout]).toEqual([1, '']);
});

test('a Temporal command that needs no server reaches the pinned CLI, and its exit code is passed on', async () => {
  expect(await stockcast('temporal', '--version')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/temporal version/i),
  });
  expect((await stockcast('temporal', '--nonsense', '--version')).code).toBe(1);
});
