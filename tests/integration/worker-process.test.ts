import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { JUDGE_EXPERIMENTS } from '../../domain/experiment.ts';
import { QUEUES } from '../../domain/run.ts';
import { buildId } from '../../config/code-version.ts';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { type ApiProcess, startApiProcess } from '../support/api-process.ts';
import { Collector } from '../support/collector.ts';
import { type TestDatabase, freshDatabase } from '../support/postgres.ts';
import { freshNamespace } from '../support/temporal.ts';
import { BIN, WorkerProcess } from '../support/worker-process.ts';

// What a worker's composition root puts together, seen from without.
const CONTEXT = { tenant: 'default', principal: 'tester' };
const PATIENCE = { timeout: 60_000, interval: 100 };
const GRACE_MS = 300;
/** Whoever supervises workers kills them this long after the grace time. */
const KILL_MS = 5000;

const dir = mkdtempSync(join(tmpdir(), 'stockcast-worker-process-'));
let at: Awaited<ReturnType<typeof freshNamespace>>;
let temporal: TemporalGateway;
let database: TestDatabase;
let api: ApiProcess | undefined;
const started: WorkerProcess[] = [];
const collector = new Collector();
let traced: Readonly<Record<string, string>>;
/** Accepts connections and never answers. */
const silent: Server = createServer(() => {});

beforeAll(async () => {
  traced = { OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen() };
  [at, database] = await Promise.all([freshNamespace(), freshDatabase()]);
  temporal = new TemporalGateway({ ...at, uiUrl: undefined });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
});
afterEach(async () => {
  api?.child.kill('SIGKILL');
  collector.spans.length = 0;
  await Promise.all(started.splice(0).map((worker) => worker.end('SIGKILL')));
});
afterAll(async () => {
  silent.close();
  await collector.close();
  await temporal?.close();
  await database?.drop();
  rmSync(dir, { recursive: true, force: true });
});

const commonSettings = () => ({
  TEMPORAL_ADDRESS: at.address,
  TEMPORAL_NAMESPACE: at.namespace,
  DATABASE_URL: database.url,
  STOCKCAST_OBJECTS_DIR: join(dir, 'objects'),
  STOCKCAST_STATE_DIR: join(dir, 'state'),
  STOCKCAST_SHUTDOWN_GRACE_MS: String(GRACE_MS),
});

async function startWorker(settings: Readonly<Record<string, string>>): Promise<WorkerProcess> {
  const worker = new WorkerProcess({ ...commonSettings(), ...settings }, [BIN, 'worker']);
  started.push(worker);
  await worker.ready();
  return worker;
}

function startJudging(workflowId: string) {
  const args = [{ version: 1, context: CONTEXT, asOf: '2024-03-15' }];
  return temporal.client.workflow.start(JUDGE_EXPERIMENTS, { workflowId, taskQueue: QUEUES.orchestration, args });
}

it('ends by itself while a database never answers, and says what it cut off', async () => {
  const { port } = silent.address() as AddressInfo;
  const worker = await startWorker({ DATABASE_URL: `postgres://me@127.0.0.1:${port}/none` });
  const run = await startJudging('silent');
  await once(silent, 'connection');
  const asked = performance.now();
  expect(await worker.end('SIGTERM')).toBe(1);
  expect(performance.now() - asked).toBeLessThan(GRACE_MS + KILL_MS);
  expect(worker.text).toContain('cut off, since it did not end within the grace time: planJudgement of silent;');
  await run.terminate();
}, 180_000);

it('gives its metrics and those of the queues at one address, and one trace leads from a request to an activity', async () => {
  const worker = await startWorker({ ...traced, STOCKCAST_WORKER_METRICS_PORT: '0' });
  api = await startApiProcess({ ...commonSettings(), ...traced });
  const [, address] = /^worker metrics: (http\S+)$/m.exec(worker.text) ?? [];
  const answer = await fetch(`${api.url}/experiments/judge?as_of=2024-03-15`, { method: 'POST' });
  expect(answer.ok).toBe(true);
  // It sends the spans that it has left when it ends.
  api.child.kill('SIGTERM');
  const [request, start, run] = [
    'POST /experiments/judge',
    'StartWorkflow:judgeExperiments',
    'RunWorkflow:judgeExperiments',
  ];
  for (const name of [request, run]) await expect.poll(() => collector.named(name), PATIENCE).toBeDefined();
  const path = [request, start, run, 'StartActivity:planJudgement', 'RunActivity:planJudgement'];
  expect(collector.pathTo(collector.named('RunActivity:planJudgement'))).toEqual(path);

  const scrape = async () => (await fetch(address!)).text();
  await expect
    .poll(scrape, PATIENCE)
    .toMatch(/^stockcast_task_queue_workers\{queue="stockcast-training",type="activity"\} [1-9]/m);
  const text = await scrape();
  expect(text).toContain(`stockcast_worker_build_info{build_id="${buildId(PROJECT_DIR)}",`);
  expect(text).toContain('stockcast_activity_duration_seconds_count{activity="planJudgement",outcome="completed"} 1');
  expect(text).toMatch(/^temporal_worker_task_slots_available\{.*stockcast-training.*\} \d+$/m);
  expect(await worker.end('SIGTERM')).toBe(0);
}, 180_000);

const ALL = ['RunActivity:planJudgement', 'RunWorkflow:judgeExperiments', 'StartActivity:planJudgement'];

it.each([
  { sampler: 'parentbased_always_on', names: ALL },
  { sampler: 'traceidratio', argument: '1', names: ALL },
  { sampler: 'parentbased_traceidratio', argument: '0', names: [] },
  { sampler: 'parentbased_always_off', names: [] },
  { sampler: 'always_off', names: [] },
])(
  'a run that nobody traced is traced as $sampler says, its activities too',
  async ({ sampler, argument, names }) => {
    const settings = { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument ?? '' };
    const worker = await startWorker({ ...traced, ...settings });
    const run = await startJudging(`sampled-${sampler}`);
    await run.result();
    expect(await worker.end('SIGTERM')).toBe(0);
    expect(collector.spans.map(({ name }) => name).sort()).toEqual(names);
    const runId = run.firstExecutionRunId.replaceAll('-', '');
    expect(collector.spans.filter(({ traceId }) => traceId !== runId)).toEqual([]);
  },
  180_000,
);
