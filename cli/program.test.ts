import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandLine } from '../tests/support/command-line.ts';

let stateDir: string;
beforeAll(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'stockcast-cli-'));
});
afterAll(() => rmSync(stateDir, { recursive: true, force: true }));

/** Runs a command line where no stack runs. */
const stockcast = (...args: string[]) => commandLine(args, { STOCKCAST_STATE_DIR: stateDir });

const COMMANDS = [
  ...['up', 'upload', 'tickers', 'train', 'runs list', 'runs show', 'runs cancel', 'leaderboard', 'predict'],
  ...['runs approvals', 'runs approve', 'runs reject', 'certificate', 'compare', 'features', 'gc', 'projection'],
  ...['restatements list', 'restatements show', 'restatements retrain'],
  ...[
    'schedules list',
    'schedules apply',
    'schedules pause',
    'schedules resume',
    'schedules trigger',
    'schedules describe',
  ],
  ...['worker', 'api', 'doctor', 'score', 'track-record', 'drift'],
  ...['experiments list', 'experiments show', 'experiments start', 'experiments stop', 'experiments judge'],
];

test.each(COMMANDS)('%s --help shows its options and an example', async (command) => {
  const { code, stdout, stderr } = await stockcast(...command.split(' '), '--help');
  expect(stderr).toBe('');
  expect(stdout).toContain(`Usage: stockcast ${command}`);
  expect(stdout).toContain(`$ npx stockcast ${command.split(' ')[0]}`);
  expect(code).toBe(0);
});

test('--help names every command, --version the version', async () => {
  const { code, stdout } = await stockcast('--help');
  for (const command of [...COMMANDS, 'temporal']) expect(stdout).toContain(`\n  ${command.split(' ')[0]} `);
  expect(code).toBe(0);
  expect(await stockcast('--version')).toEqual({ stdout: '1.2.3\n', stderr: '', code: 0 });
});

test.each([
  [['tikers'], 'error USAGE: unknown command', 'Did you mean tickers?'],
  [['backfill', 'frobnicate'], "error USAGE: unknown command 'frobnicate'"],
  [['backfill', 'stauts', 'x'], "error USAGE: unknown command 'stauts'", 'Did you mean status?'],
  [['schedules', 'frob'], "error USAGE: unknown command 'frob'"],
  [['runs', 'aprove', 'x', '--by', 'Ada'], "error USAGE: unknown command 'aprove'", 'Did you mean approve?'],
  [['experiments', 'strat', '--tickers', 'AAPL'], "error USAGE: unknown command 'strat'", 'Did you mean start?'],
  [['backfill', '--from', '2012-10-01'], "error USAGE: required option '--to"],
  [['predict'], 'error USAGE: missing required argument'],
  [['tickers', '--nonsense'], 'error USAGE: unknown option'],
  [['worker', '--queue', 'nonsense'], 'error USAGE', 'stockcast-training'],
  [['predict', 'A B'], 'error TICKER_INVALID', '"A B"'],
  [['predict', 'AAPL', '--horizon', '0'], 'error HORIZON_INVALID', '1 to 63'],
  [['train', '--kinds', 'nonsense'], 'error MODEL_KIND_UNKNOWN', 'random-forest'],
  [['train', '--embargo', '-1'], 'error', '--embargo'],
  [['train', '--embargo', '300'], 'error REQUEST_INVALID', '0 to 252'],
  [['runs', 'approve', 'x', '--horizon', '10', '--by', 'Ada'], 'error USAGE', '--reason'],
  [['runs', 'reject', 'x', '--reason', 'no', '--by', 'Ada'], 'error USAGE', '--horizon'],
  [['train', '--as-of', '2099-01-01'], 'error DATE_INVALID', '2099-01-01'],
  [['predict', 'AAPL', '--as-of', '2099-01-01'], 'error DATE_INVALID', '2099-01-01'],
  [['predict', 'AAPL', '--train'], 'error REQUEST_INVALID', '--as-of'],
  [['upload', 'nowhere.csv'], 'error FILE_UNREADABLE', 'nowhere.csv'],
  [['up', '--csv', 'nowhere.csv'], 'error FILE_UNREADABLE', 'nowhere.csv'],
  [['up', '--events', import.meta.filename], 'error REQUEST_INVALID', '--csv'],
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
  const failed = await stockcast('predict', 'AAPL', '--json');
  expect(JSON.parse(failed.stdout)).toMatchObject({ error: { code: 'STACK_NOT_RUNNING' } });
  const misread = await stockcast('predict', '--json');
  expect(JSON.parse(misread.stdout)).toMatchObject({ error: { code: 'USAGE' } });
  expect(JSON.parse((await stockcast('doctor', '--json')).stdout).length).toBeGreaterThan(3);
});

test('a configuration that is wrong is told by its key', async () => {
  const { code, stderr } = await commandLine(['tickers'], { STOCKCAST_STATE_DIR: stateDir, STOCKCAST_API_PORT: 'x' });
  expect([code, stderr]).toEqual([1, expect.stringContaining('STOCKCAST_API_PORT="x"')]);
});

test('a database that is away is told with what may help', async () => {
  const env = { STOCKCAST_STATE_DIR: stateDir, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
  const { code, stderr } = await commandLine(['tickers'], env);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^error DATABASE_UNAVAILABLE: .*npm start/)]);
});

test('--verbose shows where it failed', async () => {
  expect((await stockcast('tickers', '--verbose')).stderr).toMatch(/\n\s+at .*composition\.ts/);
});
