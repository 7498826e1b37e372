import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

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

const COMMANDS = ['up', 'upload', 'tickers', 'train', 'runs list', 'runs show', 'runs cancel', 'leaderboard', 'predict', 'worker', 'api', 'doctor'];

describe.concurrent('the command line', { timeout: 60_000 }, () => {
  test.each(COMMANDS)('%s --help shows its options and an example', async (command) => {
    const { code, stdout, stderr } = await stockcast(...command.split(' '), '--help');
    expect(stderr).toBe('');
    expect(stdout).toContain(`Usage: stockcast ${command}`);
    expect(stdout).toContain(`$ npx stockcast ${command.split(' ')[0]}`);
    expect(code).toBe(0);
  });

  test('--help names every command', async () => {
    const { code, stdout } = await stockcast('--help');
    for (const command of [...COMMANDS, 'temporal']) expect(stdout).toContain(`\n  ${command.split(' ')[0]} `);
    expect(code).toBe(0);
  });

  test.each([
    [['tikers'], 'error USAGE: unknown command', 'Did you mean tickers?'],
    [['predict'], 'error USAGE: missing required argument'],
    [['tickers', '--nonsense'], 'error USAGE: unknown option'],
    [['worker', '--queue', 'nonsense'], 'error USAGE', 'stockcast-training'],
    [['predict', 'A B'], 'error TICKER_INVALID', '"A B"'],
    [['predict', 'AAPL', '--horizon', '0'], 'error HORIZON_INVALID', '1 to 63'],
    [['train', '--kinds', 'nonsense'], 'error MODEL_KIND_UNKNOWN', 'random-forest'],
    [['train', '--as-of', '2099-01-01'], 'error DATE_INVALID', '2099-01-01'],
    [['upload', 'nowhere.csv'], 'error FILE_UNREADABLE', 'nowhere.csv'],
    [['up', '--csv', 'nowhere.csv'], 'error FILE_UNREADABLE', 'nowhere.csv'],
    [['up', '--events', BIN], 'error REQUEST_INVALID', '--csv'],
  ])('%j is refused as usage', async (args, ...words) => {
    const { code, stdout, stderr } = await stockcast(...args);
    for (const word of words) expect(stderr).toContain(word);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test.each([
    [['predict', 'AAPL'], 'DATABASE_URL'],
    [['tickers'], 'DATABASE_URL'],
    [['worker'], 'DATABASE_URL'],
    [['api'], 'DATABASE_URL'],
    [['runs'], 'TEMPORAL_ADDRESS'],
    [['temporal', 'workflow', 'list'], 'TEMPORAL_ADDRESS'],
  ])('%j without a stack says how to get one', async (args, setting) => {
    const { code, stdout, stderr } = await stockcast(...args);
    expect(stderr).toContain('error STACK_NOT_RUNNING');
    expect(stderr).toContain(`npm start, or set ${setting}`);
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });

  test('--json keeps stdout JSON, failures included', async () => {
    const { stdout, code } = await stockcast('predict', 'AAPL', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'STACK_NOT_RUNNING' } });
    expect(code).toBe(1);
  });

  test('--verbose shows where it failed', async () => {
    const { stderr } = await stockcast('tickers', '--verbose');
    expect(stderr).toMatch(/\n\s+at .*composition\.ts/);
  });

  test('a Temporal command that needs no server reaches the pinned CLI', async () => {
    const { code, stdout } = await stockcast('temporal', '--version');
    expect(stdout).toMatch(/temporal version/i);
    expect(code).toBe(0);
  });
});
