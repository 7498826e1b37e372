import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '@temporalio/activity';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { atHandJournal } from './at-hand-journal.ts';

const parent = mkdtempSync(join(tmpdir(), 'stockcast-journal-'));
let dir: string;
beforeEach(() => {
  dir = join(mkdtempSync(join(parent, 'case-')), 'at-hand');
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

/** Runs a step as a worker would; `body` is the step. */
function run(body: () => unknown, { isLocal = true, activityId = '3' } = {}): Promise<unknown> {
  const info = { isLocal, activityId, activityType: 'decide', workflowExecution: { workflowId: 'w', runId: 'run' } };
  const { inbound } = atHandJournal(dir)({ info } as Context);
  return inbound!.execute!({ args: [], headers: {} }, async () => body());
}

it('notes a step while it is under way, and no longer once it has ended, however that was', async () => {
  expect(await run(() => readdirSync(dir))).toEqual(['run-3']);
  await expect(
    run(() => {
      throw new Error('away');
    }),
  ).rejects.toThrow('away');
  expect(readdirSync(dir)).toEqual([]);
});

it('does not begin one that a process has not ended, and leaves it noted', async () => {
  atHandJournal(dir);
  writeFileSync(join(dir, 'run-3'), '');
  let begun = 0;
  await expect(run(() => begun++)).rejects.toThrow(/killed in decide/);
  expect({ begun, noted: readdirSync(dir) }).toEqual({ begun: 0, noted: ['run-3'] });
  expect(await run(() => 'another', { activityId: '4' })).toBe('another');
});

it('notes nothing that goes by way of the server', async () => {
  expect(await run(() => readdirSync(dir), { isLocal: false })).toEqual([]);
});
