import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { failureReason } from '../../domain/failure-reason.ts';
import { QUEUES, TRAIN_TICKER } from '../../domain/run.ts';
import { freePort } from '../../infra/free-port.ts';
import { compiledProgram } from '../../infra/setup/program.js';
import { findTemporalCli } from '../../infra/temporal/temporal-cli.ts';
import { temporalServer } from '../../infra/temporal/temporal-server.ts';
import { createServices } from '../../serving/services.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { vantageOf } from '../../serving/vantages.ts';
import { openStores } from '../../stores/open-stores.ts';
import { createWorkers } from '../../workers/run-workers.ts';
import { LoneTraining } from '../support/lone-training.ts';
import { type TestPipeline, startPipeline } from '../support/pipeline.ts';
import type { PoisonedWorker } from '../support/poisoned-worker.ts';
import { takeInTestUniverse } from '../support/test-universe.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import { RETRAINING } from '../support/retraining-settings.ts';

const COMMAND = join(PROJECT_DIR, 'cli', 'stockcast.js');
const POISONED_WORKER = 'tests/support/poisoned-worker.ts';
const PATIENCE = { timeout: 240_000, interval: 100 };
const LONG = 600_000;
/** One that is given up never comes to so many. */
const MOST_DEATHS = 8;

const dir = mkdtempSync(join(tmpdir(), 'stockcast-troubled-'));
let pipeline: TestPipeline;
const started: WorkerProcess[] = [];
const opened: LoneTraining[] = [];
const open = async (parts: Parameters<typeof LoneTraining.open>[0]) => {
  const training = await LoneTraining.open(parts);
  opened.push(training);
  return training;
};

beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((worker) => worker.end('SIGKILL')));
  await Promise.all(opened.splice(0).map((training) => training.close()));
});
afterAll(async () => {
  await pipeline?.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('an input that kills the process each time', () => {
  it(
    'is given up with its reason, and nothing else is, however often it was killed as well',
    async () => {
      const training = await open(pipeline);
      const poisoned = await training.task('random-forest', {}, 'MSFT');
      // Takes seconds, in which its neighbour kills it, and has no checkpoints.
      const innocent = await training.task('lstm', { epochs: 100, patience: 100 });
      const runs = [await training.start(innocent), await training.start(poisoned)];
      const outcomes = Promise.allSettled(runs.map((run) => run.result()));
      const deaths = await deathsUntil(outcomes, {
        poison: poisoned.panel[0]!.featuresKey,
        queues: [QUEUES.training],
        maxCrashes: 3,
      });
      const [trained, givenUp] = await outcomes;
      expect(trained).toMatchObject({ status: 'fulfilled', value: { reused: false } });
      expect(failureReason((givenUp as PromiseRejectedResult).reason)).toEqual({
        code: 'WORKER_DIED',
        message: expect.stringMatching(/step train was given up: 3 times in a row .* last heard of at 0%/),
      });
      expect(deaths).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL']);
    },
    LONG,
  );

  it(
    'kills one that does the step at hand once, and is given up where attempts are counted',
    async () => {
      await takeInTestUniverse(pipeline.services, pipeline.context);
      const vantage = vantageOf(pipeline.context);
      const plan = { horizons: [1], kinds: ['naive'], baselines: ['naive'], pooledKinds: [], members: {} };
      const how = { window: 'all', scaleTargets: true, embargo: 0, seed: 7, requireApproval: false, parameters: {} };
      const { tenant, principal } = pipeline.context;
      const run = await pipeline.temporal.client.workflow.start(TRAIN_TICKER, {
        workflowId: 'at-hand',
        taskQueue: QUEUES.orchestration,
        args: [{ version: 1, context: { tenant, principal }, ticker: 'AAPL', vantage, plan: { ...plan, ...how } }],
      });
      const outcome = Promise.allSettled([run.result()]);
      const deaths = await deathsUntil(outcome, {
        poison: 'models/AAPL/',
        queues: Object.values(QUEUES),
        maxCrashes: 2,
      });
      expect(deaths).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL']);
      const [givenUp] = await outcome;
      expect(failureReason((givenUp as PromiseRejectedResult).reason)).toMatchObject({ code: 'WORKER_DIED' });
      const { events } = await run.fetchHistory();
      const byServer = events!.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
      expect(byServer).toEqual(['ingest', 'preprocess', 'train']);
    },
    LONG,
  );
});

/** Starts a poisoned worker after the other until something is over; returns how each died before. */
async function deathsUntil(
  over: Promise<unknown[]>,
  how: Pick<PoisonedWorker, 'poison' | 'queues' | 'maxCrashes'>,
): Promise<(number | NodeJS.Signals)[]> {
  const { databaseUrl, objectsDir, at } = pipeline;
  const job: PoisonedWorker = { databaseUrl, objectsDir, at, ...how, atHandDir: join(dir, 'at-hand') };
  const script = fileURLToPath(await compiledProgram(POISONED_WORKER));
  const deaths: (number | NodeJS.Signals)[] = [];
  let isOver = false;
  void over.then(() => (isOver = true));
  while (!isOver && deaths.length < MOST_DEATHS) {
    const worker = new WorkerProcess({ POISONED_WORKER: JSON.stringify(job) }, [script]);
    started.push(worker);
    const died = await Promise.race([worker.ended, over]);
    if (!Array.isArray(died)) deaths.push(died as NodeJS.Signals);
  }
  return deaths;
}

describe('a disk that is full', () => {
  const disk = join(dir, 'disk');
  const mounted = mount(disk);
  afterAll(() => {
    if (mounted) execFileSync('umount', ['--lazy', disk]);
  });

  it.skipIf(!mounted)(
    'is tried again until there is room, with nothing half written (needs a user who may mount a file system)',
    async () => {
      const database = { url: pipeline.databaseUrl, poolSize: 3, statementTimeoutMs: 30_000 };
      const stores = openStores({ database, objectsDir: disk });
      const services = createServices(stores, 'code-1');
      const training = await open({ ...pipeline, services });
      const task = await training.task('random-forest', { nTrees: 500 });
      const filler = fill(join(disk, 'filler'));
      const run = await training.start(task);
      const workers = await createWorkers([QUEUES.training], {
        ...{ services, temporal: pipeline.temporal, ...pipeline.at },
        ...{ trainingSlots: 1, shutdownGraceMs: 1000, checkpointEveryMs: 10, maxCrashes: 2, retraining: RETRAINING },
      });
      const running = workers.run();
      try {
        const failure = {
          type: 'OBJECTS_FULL',
          message: expect.stringMatching(/no room left.*models.*Make room where/),
        };
        await expect.poll(async () => (await training.pending(run))?.attempt ?? 1, PATIENCE).toBeGreaterThan(3);
        expect(await training.pending(run)).toMatchObject({ failure, beat: { crashes: 0 } });
        rmSync(filler);
        const { modelId } = await run.result();
        expect(await training.bytes(modelId)).toBe(await training.undisturbed(task));
        expect(readdirSync(join(disk, '.unfinished'))).toEqual([]);
      } finally {
        workers.shutdown();
        await running;
        await stores.close();
      }
    },
    LONG,
  );
});

describe('a state folder that cannot be written to', () => {
  // Nobody may make a folder there, as on a file system that is read only.
  it.skipIf(process.platform !== 'linux')('costs a worker its notes, and nothing else', async () => {
    const { at, databaseUrl, objectsDir } = pipeline;
    const worker = new WorkerProcess(
      {
        ...{ TEMPORAL_ADDRESS: at.address, TEMPORAL_NAMESPACE: at.namespace, DATABASE_URL: databaseUrl },
        ...{ STOCKCAST_OBJECTS_DIR: objectsDir, STOCKCAST_STATE_DIR: '/sys/stockcast' },
      },
      [COMMAND, 'worker', '--queue', 'stockcast'],
    );
    started.push(worker);
    await worker.ready();
    expect(worker.text).toMatch(/\/sys\/stockcast\/at-hand cannot be written to \(E\w+\).* Set STOCKCAST_STATE_DIR/);
    expect(await worker.end('SIGTERM')).toBe(0);
  });
});

describe('a Temporal that is killed while a model trains', () => {
  const servers: ChildProcess[] = [];
  afterAll(() => Promise.all(servers.map(endServer)));

  it(
    'is done without meanwhile, and told the outcome once when it is back',
    async () => {
      const port = await freePort(0);
      const options = { port, uiPort: await freePort(0, new Set([port])), dbFile: join(dir, 'temporal.db') };
      const { path } = (await findTemporalCli())!;
      const startServer = () => {
        const { command, args } = temporalServer({ path, ...options });
        servers.push(spawn(command, args, { stdio: 'ignore' }));
        return servers.at(-1)!;
      };
      const server = startServer();
      const at = { address: `127.0.0.1:${port}`, namespace: 'default' };
      const temporal = new TemporalGateway({ ...at, uiUrl: undefined });
      await expect.poll(() => temporal.ping(1000).then(() => 'answers', String), PATIENCE).toBe('answers');

      const training = await open({ ...pipeline, temporal, at });
      const task = await training.task('lstm', { units: 16, epochs: 500, patience: 500 });
      const run = await training.start(task);
      const worker = new WorkerProcess({
        ...{ TEMPORAL_ADDRESS: at.address, TEMPORAL_NAMESPACE: at.namespace, DATABASE_URL: pipeline.databaseUrl },
        ...{
          STOCKCAST_OBJECTS_DIR: pipeline.objectsDir,
          STOCKCAST_STATE_DIR: dir,
          STOCKCAST_CHECKPOINT_EVERY_MS: '200',
        },
      });
      started.push(worker);
      const reached = async () => {
        const [key] = await training.checkpoints();
        if (key === undefined) return 0;
        const [header] = readFileSync(join(pipeline.objectsDir, pipeline.context.tenant, key), 'utf8').split('\n');
        return (JSON.parse(header!) as { fraction: number }).fraction;
      };
      await expect.poll(reached, PATIENCE).toBeGreaterThan(0);
      await endServer(server);
      const before = await reached();
      await expect.poll(reached, PATIENCE).toBeGreaterThan(before);

      startServer();
      const { modelId } = await run.result();
      expect(await training.bytes(modelId)).toBe(await training.undisturbed(task));
      expect(worker.child.exitCode).toBeNull();
      const { events } = await run.fetchHistory();
      expect(events!.filter(({ activityTaskCompletedEventAttributes: completed }) => completed)).toHaveLength(1);
      await worker.end('SIGTERM');
      await opened.pop()!.close();
      await temporal.close();
    },
    LONG,
  );
});

async function endServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const closed = once(server, 'exit');
  server.kill('SIGKILL');
  await closed;
}

/** Mounts a small file system of its own; whether that is possible. */
function mount(path: string): boolean {
  try {
    execFileSync('mkdir', ['-p', path]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    // Not as this user, or not on this system; the test says what it needs.
    return false;
  }
}

/** Writes a file until there is no room for more. */
function fill(path: string): string {
  const file = openSync(path, 'w');
  try {
    for (const bytes of [65_536, 4096]) {
      const chunk = new Uint8Array(bytes);
      for (let isFull = false; !isFull; ) isFull = !canWrite(file, chunk);
    }
  } finally {
    closeSync(file);
  }
  return path;
}

function canWrite(file: number, chunk: Uint8Array): boolean {
  try {
    return writeSync(file, chunk) === chunk.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
