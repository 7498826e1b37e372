import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LoneTraining } from '../support/lone-training.ts';
import { type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { WorkerProcess } from '../support/worker-process.ts';

/** Trainings that take seconds where nothing else runs. */
const FOREST = { nTrees: 4000, maxDepth: null };
const LSTM = { units: 16, epochs: 400, patience: 400 };
const PATIENCE = { timeout: 240_000, interval: 100 };

const stateDir = mkdtempSync(join(tmpdir(), 'stockcast-killed-'));
let pipeline: TestPipeline;
let training: LoneTraining;
const started: WorkerProcess[] = [];

beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  training = await LoneTraining.open(pipeline);
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((worker) => worker.end('SIGKILL')));
});
afterAll(async () => {
  await training?.close();
  await pipeline?.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

async function startWorker(settings: Readonly<Record<string, string>> = {}): Promise<WorkerProcess> {
  const worker = new WorkerProcess({
    TEMPORAL_ADDRESS: pipeline.at.address,
    TEMPORAL_NAMESPACE: pipeline.at.namespace,
    DATABASE_URL: pipeline.databaseUrl,
    STOCKCAST_OBJECTS_DIR: pipeline.objectsDir,
    STOCKCAST_STATE_DIR: stateDir,
    STOCKCAST_TRAINING_SLOTS: '2',
    STOCKCAST_CHECKPOINT_EVERY_MS: '200',
    ...settings,
  });
  started.push(worker);
  await worker.ready();
  return worker;
}

describe('a training whose worker is lost', () => {
  it('is gone on with by another from its checkpoint, to the bytes of an undisturbed one', async () => {
    const tasks = await Promise.all([training.task('random-forest', FOREST), training.task('lstm', LSTM)]);
    const runs = await Promise.all(tasks.map((task) => training.start(task)));
    const first = await startWorker();
    await expect.poll(() => training.checkpoints(), PATIENCE).toHaveLength(2);
    expect(await first.end('SIGKILL')).toBe('SIGKILL');

    await startWorker();
    for (const [i, run] of runs.entries()) {
      const { modelId, resumedFrom } = await run.result();
      expect(resumedFrom).toBeGreaterThan(0);
      expect(await training.bytes(modelId)).toBe(await training.undisturbed(tasks[i]!));
    }
    expect(await training.checkpoints()).toEqual([]);
  }, 600_000);
});

describe('a worker that is asked to stop', () => {
  it('keeps what is not done within the grace time, and ends', async () => {
    const task = await training.task('random-forest', { ...FOREST, minSamplesLeaf: 4 });
    const run = await training.start(task);
    const worker = await startWorker({ STOCKCAST_SHUTDOWN_GRACE_MS: '100' });
    await expect.poll(() => training.checkpoints(), PATIENCE).toHaveLength(1);
    expect(await worker.end('SIGTERM')).toBe(0);
    expect(await training.checkpoints()).toHaveLength(1);
    // It has said that it did not die of it.
    await expect.poll(() => training.pending(run), PATIENCE).toMatchObject({ beat: { crashes: 0, isInnocent: true } });

    await startWorker();
    const { modelId, resumedFrom } = await run.result();
    expect(resumedFrom).toBeGreaterThan(0);
    expect(await training.bytes(modelId)).toBe(await training.undisturbed(task));
  }, 600_000);

  it('finishes what it can within the grace time', async () => {
    const run = await training.start(await training.task('random-forest', { nTrees: 3000 }));
    const worker = await startWorker({ STOCKCAST_SHUTDOWN_GRACE_MS: '240000' });
    await expect.poll(async () => (await training.pending(run))?.isStarted, PATIENCE).toBe(true);
    expect(await worker.end('SIGTERM')).toBe(0);
    expect(await run.result()).toEqual({ modelId: expect.any(String), reused: false });
  }, 600_000);
});
