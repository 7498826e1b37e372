import { ApplicationFailure, Context as ActivityContext } from '@temporalio/activity';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { APPROVALS_QUERY, type PendingApproval } from '../../domain/run.ts';
import { type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { type StubbedRun, runStubbed } from '../support/stubbed-ticker.ts';
import { workflowCoverage } from '../support/workflow-coverage.ts';

let pipeline: TestPipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
});
afterAll(() => pipeline.stop());

const run = async (how: StubbedRun = {}) =>
  runStubbed({ ...pipeline, workflows: (await workflowCoverage()).workflows }, how);

/** An activity that fails as often as said, and after that does what `body` does. */
function failing<I, O>(times: number, body: (input: I) => Promise<O>): (input: I) => Promise<O> {
  let attempts = 0;
  return async (input) => {
    attempts++;
    if (attempts <= times) throw new Error('the database is away');
    return body(input);
  };
}

it('a run asks the server only for the activities that take long', async () => {
  const { result, byServer } = await run();
  expect((await result).promotions).toHaveLength(1);
  expect(byServer).toEqual(['ingest', 'preprocess', 'train', 'evaluate']);
});

it('a run computes its baselines at hand, and has the candidates computed by workers that train', async () => {
  const trained: string[] = [];
  const { result, byServer } = await run({
    changed: (stubs) => ({
      train: async (task) => {
        trained.push(`${task.kind} ${ActivityContext.current().info.isLocal ? 'at hand' : 'by server'}`);
        return stubs.train(task);
      },
    }),
    wish: { kinds: ['naive', 'drift', 'linear'], baselines: ['naive', 'drift'] },
  });
  expect((await result).promotions).toHaveLength(1);
  expect(trained.sort()).toEqual(['drift at hand', 'linear by server', 'naive at hand']);
  expect(byServer).toEqual(['ingest', 'preprocess', 'train', 'evaluate']);
});

it('a baseline that cannot be computed at hand is computed as a candidate is', async () => {
  const attempts: string[] = [];
  const { result, byServer } = await run({
    changed: () => ({
      evaluate: async () => {
        const { isLocal, attempt } = ActivityContext.current().info;
        attempts.push(`${isLocal ? 'at hand' : 'by server'} ${attempt}`);
        if (attempts.length < 3) throw new Error('the database is away');
        return { reused: false };
      },
    }),
    wish: { baselines: ['naive'] },
  });
  expect((await result).promotions).toHaveLength(1);
  expect(attempts).toEqual(['at hand 1', 'by server 1', 'by server 2']);
  expect(byServer).toEqual(['ingest', 'preprocess', 'evaluate']);
});

it('a light activity that fails where the run is at hand is tried again by way of the server', async () => {
  const attempts: string[] = [];
  const { result, byServer } = await run({
    changed: (stubs) => ({
      decide: async (input) => {
        const { isLocal, attempt } = ActivityContext.current().info;
        attempts.push(`${isLocal ? 'at hand' : 'by server'} ${attempt}`);
        if (attempts.length < 3) throw new Error('the database is away');
        return stubs.decide(input);
      },
    }),
  });
  expect((await result).promotions).toHaveLength(1);
  expect(attempts).toEqual(['at hand 1', 'by server 1', 'by server 2']);
  expect(byServer).toEqual(['ingest', 'preprocess', 'train', 'evaluate', 'decide']);
});

it('one that says that trying again is in vain is not tried again', async () => {
  let attempts = 0;
  const { result, byServer } = await run({
    changed: () => ({
      promote: async () => {
        attempts++;
        throw ApplicationFailure.nonRetryable('the model is gone', 'MODEL_MISSING');
      },
    }),
  });
  await expect(result).rejects.toMatchObject({ cause: { type: 'MODEL_MISSING' } });
  expect(attempts).toBe(1);
  expect(byServer).not.toContain('promote');
});

const BEFORE = [
  ...['patch', 'Stage="ingest"', 'ingest'],
  ...['Stage="preprocess"', 'preprocess', 'Stage="train"', 'train', 'Stage="evaluate"', 'evaluate'],
];
const COMPLETED = ['Stage="done"', 'Verdict="naive"'];

it.each<{ what: string; how: StubbedRun; heard: readonly string[] }>([
  { what: 'nothing of them where all goes well', how: {}, heard: COMPLETED },
  {
    what: 'the promotion when a step of it goes by the server',
    how: { changed: (stubs) => ({ promote: failing(1, stubs.promote) }) },
    heard: ['Stage="promote"', 'promote', ...COMPLETED],
  },
  {
    what: 'it once, however many do',
    how: { changed: (stubs) => ({ decide: failing(1, stubs.decide), promote: failing(1, stubs.promote) }) },
    heard: ['Stage="promote"', 'decide', 'promote', ...COMPLETED],
  },
  {
    what: 'the forecast when pictures go by the server',
    how: { changed: (stubs) => ({ draw: failing(1, stubs.draw) }) },
    heard: ['Stage="forecast"', 'draw', ...COMPLETED],
  },
])('of stages at hand a run tells $what', async ({ how, heard: after }) => {
  const { result, heard } = await run(how);
  await result;
  expect(heard).toEqual([...BEFORE, ...after]);
});

it('a run that fails at hand says in which stage', async () => {
  const { result, heard } = await run({
    changed: () => ({
      forecast: async () => {
        throw ApplicationFailure.nonRetryable('the model is gone', 'MODEL_MISSING');
      },
    }),
  });
  await expect(result).rejects.toMatchObject({ cause: { type: 'MODEL_MISSING' } });
  expect(heard).toEqual([...BEFORE, 'Stage="forecast"', 'Verdict="failed"']);
});

it('a run that is cancelled while it waits for a person says so to its end', async () => {
  const { result, heard } = await run({
    live: true,
    wish: { requireApproval: true },
    meanwhile: async (started) => {
      await expect
        .poll(() => started.query<readonly PendingApproval[]>(APPROVALS_QUERY), { timeout: 30_000 })
        .toHaveLength(1);
      await started.cancel();
    },
  });
  await expect(result).rejects.toThrow();
  expect(heard).toEqual([...BEFORE, 'Stage="awaiting-approval"', 'Verdict="cancelled"']);
});

it('a run that gives up while it is parked at the gate says so to its end', async () => {
  const parking = { onBadData: 'park', onFailedGate: 'park', giveUpAfterMs: 100 } as const;
  const { result, heard } = await run({ wish: { parking } });
  await expect(result).rejects.toMatchObject({ cause: { type: 'GAVE_UP' } });
  expect(heard).toEqual([...BEFORE, 'Stage="parked"', 'Verdict="failed"']);
});

it.each(['corrected', 'accepted'] as const)('a run whose data were %s says whether it decides anew', async (how) => {
  const parked = { code: 'DATA_UNSOUND', message: 'a price is not possible' };
  const asked: (boolean | undefined)[] = [];
  const { result } = await run({
    mended: [{ how, by: 'Ada', reason: 'cents taken for dollars', parked }],
    changed: (stubs) => ({
      promote: (input) => {
        asked.push(input.corrected);
        return stubs.promote(input);
      },
    }),
  });
  await result;
  expect(asked).toEqual([how === 'corrected']);
});
