import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type CommandLineResult, ProcessDouble, commandLine } from '../../tests/support/command-line.ts';
import { freshNamespace } from '../../tests/support/temporal.ts';
import { TextSink } from '../../tests/support/text-sink.ts';
import { composeParts } from '../composition.ts';
import { applyAtStart } from '../schedules-at-start.ts';

let dir: string;
let at: { address: string; namespace: string };
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-schedules-'));
  at = await freshNamespace();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

// Each test has a tenant, and so schedules, of its own.
const env = (tenant: string, more: Record<string, string> = {}) => ({
  TEMPORAL_ADDRESS: at.address,
  TEMPORAL_NAMESPACE: at.namespace,
  STOCKCAST_STATE_DIR: dir,
  STOCKCAST_TENANT: tenant,
  ...more,
});
const stockcast = (tenant: string, args: string, more?: Record<string, string>) =>
  commandLine(['schedules', ...args.split(' ')], env(tenant, more));
const done = ({ code, stdout, stderr }: CommandLineResult) => {
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
};
const json = (result: CommandLineResult) => JSON.parse(done(result));

test('schedules are applied from the file of the project, listed, paused and resumed', async () => {
  const cli = (args: string) => stockcast('ada', args);
  const all = (text: string) => text.trim().split('\n');
  expect(done(await cli('apply --dry-run'))).toContain('retrain: would be created');
  const created = json(await cli('apply --json'));
  expect(created.dry_run).toBe(false);
  expect(created.schedules).toContainEqual({
    name: 'retrain',
    schedule_id: 'stockcast/ada/retrain',
    change: 'created',
    paused: false,
  });
  expect(all(done(await cli('apply'))).every((line) => line.endsWith(': unchanged'))).toBe(true);

  const paused = json(await cli('pause retrain --reason slow --json'));
  expect(paused.schedules).toMatchObject([{ name: 'retrain', paused: true, note: 'slow' }]);
  expect(done(await cli('apply'))).toContain('retrain: unchanged, paused (npx stockcast schedules resume retrain)');
  expect(done(await cli('list'))).toMatch(/retrain +retrain +paused +0\n?/);
  expect(done(await cli('pause'))).not.toContain('running');
  const resumed = json(await cli('resume --json'));
  const names = ({ schedules }: { schedules: { name: string }[] }) => schedules.map(({ name }) => name).sort();
  expect(names(resumed)).toEqual(names(created));
  expect(done(await cli('list'))).toMatch(/ingest +ingestPrices +running +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
});

test('one of them says when and how it runs and why so, also for one that was triggered', async () => {
  await stockcast('bob', 'apply --paused');
  const text = done(await stockcast('bob', 'describe retrain'));
  for (const words of [
    'paused (applied with --paused)',
    'MONDAY-FRIDAY at 18:30, America/New_York',
    'up to 1 minute: Tenants',
    'BUFFER_ALL: Each due day',
    'within 7 days: Days missed',
    '--schedule-id stockcast/bob/retrain',
    'no runs yet',
  ]) {
    expect(text).toContain(words);
  }
  expect(done(await stockcast('bob', 'trigger retrain'))).toContain('retrain was triggered');
  const triggered = await vi.waitFor(
    async () => {
      const shown = done(await stockcast('bob', 'describe retrain'));
      expect(shown).toContain('retrain/bob/due-');
      return shown;
    },
    { timeout: 30_000, interval: 200 },
  );
  expect(triggered).toMatch(/ {2}so far +1 run; /);
});

test('a file that cannot be used is refused by name, and what there is can be looked at and paused', async () => {
  const path = join(dir, 'mine.json');
  const entry = { name: 'x', workflow: 'scoreForcasts' };
  writeFileSync(path, JSON.stringify({ timeZone: 'America/New_York', schedules: [entry] }));
  const refused = await stockcast('carl', 'apply', { STOCKCAST_SCHEDULES_FILE: path });
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toMatch(/^error SCHEDULES_INVALID: .*mine\.json.*schedules\.0\./);
  expect(await stockcast('carl', 'describe x')).toMatchObject({ code: 1 });
  await stockcast('carl', 'apply');
  for (const look of ['list --json', 'pause --json']) {
    // Temporal's list lags behind.
    const { code, stdout, stderr } = await vi.waitFor(
      async () => {
        const shown = await stockcast('carl', look, { STOCKCAST_SCHEDULES_FILE: path });
        expect(shown.stdout).toContain('retrain');
        return shown;
      },
      { timeout: 30_000, interval: 200 },
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining(`${path} is not usable`)]);
    expect(JSON.parse(stdout).schedules).toContainEqual(expect.objectContaining({ name: 'retrain' }));
  }
  expect(done(await stockcast('carl', 'describe retrain'))).toContain('paused (switched by stockcast schedules pause)');
  const missing = await stockcast('carl', 'apply', { STOCKCAST_SCHEDULES_FILE: join(dir, 'none.json') });
  expect(missing.stderr).toContain('error FILE_UNREADABLE');
});

test('a start leaves new ones paused until it is asked to run them, and what a person paused stays paused', async () => {
  const [stdout, stderr] = [new TextSink(), new TextSink()];
  const parts = composeParts({ env: env('dora'), cwd: dir, stdout, stderr, process: new ProcessDouble() });
  try {
    const first = await applyAtStart(parts, false);
    expect(first).toMatch(/^schedules: .*retrain.* paused \(npx stockcast schedules resume\)$/);
    expect(await applyAtStart(parts, false)).toBe(first);
    await stockcast('dora', 'resume retrain');
    await stockcast('dora', 'pause retrain --reason mine');
    expect(await applyAtStart(parts, true)).toMatch(/^schedules: .*ingest.* running; retrain paused/);
    await stockcast('dora', 'resume retrain');
    expect(await applyAtStart(parts, false)).toMatch(/^schedules: [^;]*running$/);
  } finally {
    await parts.close();
  }
});
