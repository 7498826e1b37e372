import { cpSync, mkdtempSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, type WorkflowBundle, bundleWorkflowCode } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { QUEUES } from '../../domain/run.ts';
import { listApprovals, sendVerdict } from '../../serving/approvals.ts';
import { startTickerTraining } from '../../serving/runs.ts';
import { taskQueueStates } from '../../serving/task-queues.ts';
import { type Queue, createWorkers } from '../../workers/run-workers.ts';
import { keptWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { SMALL_WISH, type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { RETRAINING } from '../support/retraining-settings.ts';
import { takeInTestUniverse } from '../support/test-universe.ts';

const DEPLOYMENT = 'stockcast';
const PATIENCE = { timeout: 120_000, interval: 200 };
const LIMIT_MS = 300_000;

let pipeline: TestPipeline;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-deploy-'));
  pipeline = await startPipeline({ workers: false });
  await takeInTestUniverse(pipeline.services, pipeline.context);
});
afterAll(async () => {
  await pipeline.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Runs workers of a build until what it returns is called. */
async function deploy(
  id: string,
  workflowBundle: WorkflowBundle,
  { pinned = false, queues = Object.values(QUEUES) as readonly Queue[] } = {},
): Promise<() => Promise<void>> {
  const { services, temporal, at } = pipeline;
  const build = { id, deployment: DEPLOYMENT, pinned };
  const common = { services, temporal, ...at, trainingSlots: 1, retraining: RETRAINING, shutdownGraceMs: 1000 };
  const workers = await createWorkers(queues, { ...common, build, workflows: { workflowBundle } });
  const running = workers.run();
  return () => {
    workers.shutdown();
    return running;
  };
}

/** Builds whose workers have done something for a run, in their order. */
async function buildsOf(runId: string): Promise<string[]> {
  const { events } = await pipeline.temporal.client.workflow.getHandle(runId).fetchHistory();
  const ids = events!.flatMap(({ workflowTaskCompletedEventAttributes: done }) => done?.workerVersion?.buildId ?? []);
  return [...new Set(ids)];
}

function bundled(workflowsPath: string): Promise<WorkflowBundle> {
  return bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
}

describe('workers of the next release, in place of those of the one before', () => {
  const CHANGE = 'await data.preprocess({ context, datasetKey: dataset.key });';

  /** The workflows as they would be with one step more behind the ingest. */
  function changedWorkflows(name: string, change: string): Promise<WorkflowBundle> {
    const release = join(dir, name);
    for (const room of ['workflows', 'domain'])
      cpSync(join(PROJECT_DIR, room), join(release, room), { recursive: true });
    symlinkSync(join(PROJECT_DIR, 'node_modules'), join(release, 'node_modules'));
    const file = join(release, 'workflows', 'train-ticker.ts');
    const behind = "stages.finish('ingest');";
    const [before, after, ...more] = readFileSync(file, 'utf8').split(behind);
    expect([after === undefined, more.length]).toEqual([false, 0]);
    writeFileSync(file, `${before}${behind} ${change}${after}`);
    return bundled(join(release, 'workflows', 'index.ts'));
  }

  async function nPreprocessed(runId: string): Promise<number> {
    const { events } = await pipeline.temporal.client.workflow.getHandle(runId).fetchHistory();
    return events!.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'preprocess')
      .length;
  }

  it(
    'finish the runs of the old one, and new ones their own way',
    async () => {
      const { services, temporal, context, ended } = pipeline;
      const [old, careless, careful] = await Promise.all([
        keptWorkflowBundle(),
        changedWorkflows('careless', CHANGE),
        changedWorkflows('careful', `if (patched('one-step-more')) ${CHANGE}`),
      ]);
      const wish = { ...SMALL_WISH, kinds: ['linear'] };

      const stopOld = await deploy('1.0.0-old', old);
      const { run_id } = await startTickerTraining(services, temporal, context, 'AAPL', {
        ...wish,
        requireApproval: true,
      });
      await vi.waitFor(
        async () => expect((await listApprovals(temporal, context)).approvals).toHaveLength(1),
        PATIENCE,
      );
      await stopOld();

      // What the next release must not be: asked for the run's progress, it cannot even repeat what was done.
      const stopCareless = await deploy('1.1.0-careless', careless);
      await expect(temporal.client.workflow.getHandle(run_id).query('progress')).rejects.toThrow(/[Nn]ondeterminis/);
      await stopCareless();

      const stopNew = await deploy('1.1.0-new', careful);
      const workers = (await taskQueueStates(temporal)).flatMap((queue) => queue.workers);
      expect(workers.map(({ buildId }) => buildId)).toContain('1.1.0-new');
      expect(workers.map(({ identity }) => identity)).toContainEqual(expect.stringMatching(/^\d+@.+\/1\.1\.0-new$/));
      await sendVerdict(temporal, context, run_id, { horizon: 1, approve: true, by: 'Ada', reason: 'it may serve' });
      expect(await ended(run_id)).toMatchObject({ status: 'completed' });
      expect(await buildsOf(run_id)).toEqual(['1.0.0-old', '1.1.0-new']);
      expect(await nPreprocessed(run_id)).toBe(1);

      const next = await startTickerTraining(services, temporal, context, 'MSFT', wish);
      expect(await ended(next.run_id)).toMatchObject({ status: 'completed' });
      expect(await buildsOf(next.run_id)).toEqual(['1.1.0-new']);
      expect(await nPreprocessed(next.run_id)).toBe(2);

      // Taken back, the release is missed by the runs that have taken its way, which wait for it to return.
      const { run_id: waiting } = await startTickerTraining(services, temporal, context, 'MSFT', {
        ...wish,
        ...{ seed: 8, requireApproval: true },
      });
      await vi.waitFor(
        async () => expect((await listApprovals(temporal, context)).approvals).toHaveLength(1),
        PATIENCE,
      );
      await stopNew();
      const stopOldAgain = await deploy('1.0.0-old', old);
      await expect(temporal.client.workflow.getHandle(waiting).query('progress')).rejects.toThrow(/patch marker/);
      await stopOldAgain();
      const stopNewAgain = await deploy('1.1.0-new', careful);
      await sendVerdict(temporal, context, waiting, { horizon: 1, approve: true, by: 'Ada', reason: 'it may serve' });
      expect(await ended(waiting)).toMatchObject({ status: 'completed' });
      await stopNewAgain();
    },
    LIMIT_MS,
  );
});

describe('pinned workers of two releases, side by side', () => {
  /** A run that waits for the signal `go`, with one command before that. */
  function release(name: string, command: string): Promise<WorkflowBundle> {
    mkdirSync(join(dir, name));
    symlinkSync(join(PROJECT_DIR, 'node_modules'), join(dir, name, 'node_modules'));
    const source = `
      import { condition, defineSignal, setHandler, sleep, upsertMemo } from '@temporalio/workflow';
      export async function waiting() {
        let going = false;
        setHandler(defineSignal('go'), () => { going = true; });
        ${command};
        await condition(() => going);
        return '${name}';
      }`;
    writeFileSync(join(dir, name, 'index.ts'), source);
    return bundled(join(dir, name, 'index.ts'));
  }

  /** Sends what starts from now on to a build, as soon as Temporal has heard of it. */
  function setCurrent(buildId: string) {
    const { workflowService, options } = pipeline.temporal.client;
    const { namespace } = options;
    return vi.waitFor(
      () => workflowService.setWorkerDeploymentCurrentVersion({ namespace, deploymentName: DEPLOYMENT, buildId }),
      PATIENCE,
    );
  }

  it(
    'finish the runs that each began, though neither could repeat what the other has done',
    async () => {
      const { workflow } = pipeline.temporal.client;
      const [first, second] = await Promise.all([
        release('first', 'upsertMemo({ release: 1 })'),
        release('second', 'await sleep(1)'),
      ]);
      const queues = [QUEUES.orchestration];
      const begin = async (workflowId: string) => {
        const run = await workflow.start('waiting', { workflowId, taskQueue: QUEUES.orchestration });
        await vi.waitFor(async () => expect(await buildsOf(workflowId)).toHaveLength(1), PATIENCE);
        return run;
      };

      const stopFirst = await deploy('first', first, { pinned: true, queues });
      await setCurrent('first');
      const [one, left] = [await begin('one'), await begin('left')];
      const stopSecond = await deploy('second', second, { pinned: true, queues });
      await setCurrent('second');
      const two = await begin('two');
      await Promise.all([one.signal('go'), two.signal('go')]);
      expect(await Promise.all([one.result(), two.result()])).toEqual(['first', 'second']);
      expect([await buildsOf('one'), await buildsOf('two')]).toEqual([['first'], ['second']]);

      // What is lost when the old workers go too early: its run waits for them, however many new ones there are.
      await stopFirst();
      await left.signal('go');
      const { versioningInfo } = (await left.describe()).raw.workflowExecutionInfo!;
      expect(versioningInfo?.deploymentVersion).toMatchObject({ deploymentName: DEPLOYMENT, buildId: 'first' });
      const stopAgain = await deploy('first', first, { pinned: true, queues });
      expect(await left.result()).toBe('first');
      await stopAgain();
      await stopSecond();
    },
    LIMIT_MS,
  );
});
