import { fileURLToPath } from 'node:url';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JUDGE_EXPERIMENTS } from '../domain/experiment.ts';
import { QUEUES } from '../domain/run.ts';
import type { ExperimentStore } from '../stores/experiments/experiment-store.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { createWorkers, parseQueues } from './run-workers.ts';
import { RETRAINING } from '../tests/support/retraining-settings.ts';

const CRASHING = fileURLToPath(new URL('../tests/support/crashing-workflow.ts', import.meta.url));

const CONTEXT = { tenant: 'default', principal: 'tester' };

describe('workers of one process', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({ workers: false });
  });
  afterAll(() => pipeline.stop());

  it('all stop when one fails for good, and say why it did', async () => {
    const { services, temporal, at } = pipeline;
    const logger = new DefaultLogger('WARN');
    const workers = await createWorkers(Object.values(QUEUES), {
      services,
      temporal,
      ...at,
      trainingSlots: 1,
      retraining: RETRAINING,
      shutdownGraceMs: 1000,
      workflows: { workflowBundle: await bundleWorkflowCode({ workflowsPath: CRASHING, logger }) },
    });
    const running = expect(workers.run()).rejects.toThrow(/Workflow Worker Thread exited/);
    const { workflow } = temporal.client;
    const run = await workflow.start('crash', { workflowId: 'crash', taskQueue: QUEUES.orchestration });
    await running;
    await run.terminate();
  });

  it('end without a step that never ends, and say which', async () => {
    const { services, temporal, at } = pipeline;
    let isBegun = false;
    const running = () => {
      isBegun = true;
      return new Promise<never>(() => {});
    };
    const experiments = { running } as unknown as ExperimentStore;
    const workers = await createWorkers(Object.values(QUEUES), {
      services: { ...services, experiments },
      temporal,
      ...at,
      trainingSlots: 1,
      retraining: RETRAINING,
      shutdownGraceMs: 100,
    });
    const ended = workers.run();
    const run = await temporal.client.workflow.start(JUDGE_EXPERIMENTS, {
      workflowId: 'judge',
      taskQueue: QUEUES.orchestration,
      args: [{ version: 1, context: CONTEXT, asOf: '2024-03-15' }],
    });
    await expect.poll(() => isBegun).toBe(true);
    workers.shutdown();
    await ended;
    expect(workers.cutOff).toEqual([`planJudgement of ${run.workflowId}`]);
    await run.terminate();
  });
});

it('names of queues are read, and others refused with those that there are', () => {
  expect(parseQueues(['stockcast-data', 'stockcast'])).toEqual(['stockcast-data', 'stockcast']);
  expect(() => parseQueues(['data'])).toThrow('expected one of stockcast, stockcast-data, stockcast-training');
});
