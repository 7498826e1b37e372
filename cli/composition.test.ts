import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordOf } from '../infra/stack/process-identity.ts';
import { StackState } from '../infra/stack/stack-state.ts';
import { type TestDatabase, freshDatabase } from '../tests/support/postgres.ts';
import { ProcessDouble, commandLine } from '../tests/support/command-line.ts';
import { TextSink } from '../tests/support/text-sink.ts';
import { composeParts } from './composition.ts';

let dir: string;
let database: TestDatabase;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-composition-'));
  database = await freshDatabase();
});
afterEach(async () => {
  rmSync(dir, { recursive: true, force: true });
  await database.drop();
});

/** A stack whose only running part is this process, as its state folder tells it. */
function stackRuns(external: boolean): void {
  const state = new StackState(join(dir, 'state'));
  state.keepProcesses([recordOf('API', process.pid)!]);
  const addresses = {
    api: 'http://127.0.0.1:1',
    temporal: 'temporal.example:7233',
    temporalNamespace: 'prices',
    databaseUrl: database.url,
    objectsDir: join(dir, 'elsewhere'),
  };
  state.keepAddresses(addresses, { temporal: external, database: external });
}
const env = (more: Record<string, string> = {}) => ({ STOCKCAST_STATE_DIR: join(dir, 'state'), ...more });
const composed = (more?: Record<string, string>) =>
  composeParts({
    env: env(more),
    cwd: '/',
    stdout: new TextSink(),
    stderr: new TextSink(),
    process: new ProcessDouble(),
  });

test('commands use the external servers and the objects that the running stack was started with', async () => {
  stackRuns(true);
  expect(await commandLine(['tickers'], env())).toMatchObject({ code: 0, stderr: '' });
  const parts = composed();
  expect(parts.temporalTarget()).toMatchObject({ address: 'temporal.example:7233', namespace: 'prices' });
  expect(parts.settings()).toMatchObject({ objectsDir: join(dir, 'elsewhere') });
});

test('what the environment names wins over the running stack', () => {
  stackRuns(true);
  const parts = composed({ TEMPORAL_ADDRESS: 'mine:1', STOCKCAST_OBJECTS_DIR: join(dir, 'mine') });
  expect(parts.temporalTarget()).toMatchObject({ address: 'mine:1', namespace: 'default' });
  expect(parts.settings()).toMatchObject({ objectsDir: join(dir, 'mine') });
});

test('servers of the stack itself that do not run are not connected to', async () => {
  stackRuns(false);
  expect((await commandLine(['tickers'], env())).stderr).toContain('error STACK_NOT_RUNNING');
  expect(() => composed().temporalTarget()).toThrow(expect.objectContaining({ code: 'STACK_NOT_RUNNING' }));
});

test('nothing of a stack that was killed is used', () => {
  stackRuns(true);
  new StackState(join(dir, 'state')).keepProcesses([]);
  expect(composed().settings()).toMatchObject({ objectsDir: join(dir, 'state', 'objects') });
  expect(() => composed().temporalTarget()).toThrow(expect.objectContaining({ code: 'STACK_NOT_RUNNING' }));
});
