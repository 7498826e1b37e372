import { Worker, NativeConnection } from '@temporalio/worker';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { JUDGE_EXPERIMENTS } from '../domain/experiment.ts';
import { QUEUES } from '../domain/run.ts';
import { taskQueueFindings } from '../cli/task-queue-findings.ts';
import { taskQueueStates } from '../serving/task-queues.ts';
import { TemporalGateway } from '../serving/temporal-gateway.ts';
import { freshNamespace } from '../tests/support/temporal.ts';
import { installCoreMetrics } from './core-metrics.ts';
import { registerQueueGauges } from './queue-gauges.ts';
import { undefinedWhenFailing } from './undefined-when-failing.ts';
import { WorkerMetrics } from './worker-metrics.ts';
import { keptWorkflowBundle } from './workflow-bundle.ts';

/** As docs/operations/workers.md names them, and dashboards: with units, in seconds, and `_total` behind counts. */
const DOCUMENTED = [
  'temporal_workflow_task_schedule_to_start_latency_seconds',
  'temporal_activity_schedule_to_start_latency_seconds',
  'temporal_workflow_completed_total',
];

let at: Awaited<ReturnType<typeof freshNamespace>>;
let temporal: TemporalGateway;
beforeAll(async () => {
  at = await freshNamespace();
  temporal = new TemporalGateway({ ...at, uiUrl: undefined });
});
afterAll(() => temporal?.close());

it('one address gives what activities did, what the core did, which build it is and what waits on the queues', async () => {
  const metrics = new WorkerMetrics(await installCoreMetrics());
  metrics.tellBuild({ id: '1.0.0-abc', deployment: 'stockcast', pinned: false });
  registerQueueGauges(metrics.registry, () => taskQueueStates(temporal));
  const served = await metrics.listen(0);
  const scrape = async () => (await fetch(served.url)).text();
  try {
    const { workflow } = temporal.client;
    const run = await workflow.start('nobody', { workflowId: 'nobody', taskQueue: QUEUES.orchestration });
    const backlog = 'stockcast_task_queue_backlog_tasks{queue="stockcast",type="workflow"}';
    await expect.poll(scrape).toContain(`${backlog} 1`);
    const text = await scrape();
    expect(text).toMatch(/stockcast_task_queue_backlog_age_seconds\{queue="stockcast",type="workflow"\} [1-9\d.]/);
    expect(text).toContain('stockcast_task_queue_workers{queue="stockcast-training",type="activity"} 0');
    expect(text).toContain('build_id="1.0.0-abc",deployment="stockcast",versioning="off"');
    expect(text).toContain('stockcast_dependency_up{dependency="temporal"} 1');
    const findings = await taskQueueFindings(temporal);
    expect(findings.map(({ part, status, version }) => [part, status, version])).toContainEqual([
      'Queue stockcast',
      'missing',
      '1 waiting',
    ]);
    await run.terminate();

    const connection = await NativeConnection.connect({ address: at.address });
    const { namespace } = at;
    const activities = { nothing: async () => undefined };
    const worker = await Worker.create({ connection, namespace, taskQueue: QUEUES.training, activities });
    await worker.runUntil(async () => {
      await expect.poll(scrape).toMatch(/^temporal_worker_task_slots_available\{.*stockcast-training.*\} \d+$/m);
      await expect.poll(scrape).toContain('stockcast_task_queue_workers{queue="stockcast-training",type="activity"} 1');
      const workflowBundle = await keptWorkflowBundle();
      const judging = { planJudgement: async () => ({ asOf: '2024-03-15', ids: [] }) };
      const common = { connection, namespace, taskQueue: QUEUES.orchestration };
      const other = await Worker.create({ ...common, workflowBundle, activities: judging });
      const args = [{ version: 1, context: { tenant: 'default', principal: 'tester' }, asOf: '2024-03-15' }];
      await other.runUntil(
        workflow.execute(JUDGE_EXPERIMENTS, { workflowId: 'judge', taskQueue: QUEUES.orchestration, args }),
      );
      const all = await scrape();
      const names = [...all.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toEqual(expect.arrayContaining(DOCUMENTED));
      const samples = all.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      expect(samples.filter((line) => !/^\w+(\{.*\})? ([\d.e+-]+|Nan)$/i.test(line))).toEqual([]);
    });
    await connection.close();
  } finally {
    await served.close();
  }
});

it('while Temporal is away there is no backlog, and that is said', async () => {
  const registry = new Registry();
  const away = new TemporalGateway({ address: '127.0.0.1:1', namespace: 'default', uiUrl: undefined });
  registerQueueGauges(registry, () => taskQueueStates(away));
  const text = await registry.metrics();
  expect(text).toContain('stockcast_dependency_up{dependency="temporal"} 0');
  expect(text).not.toContain('stockcast_task_queue_workers{');
  await away.close();
});

it('what cannot be looked up leaves a scrape what the process counts itself, and is said once', async () => {
  const said: string[] = [];
  const refusing = async () => {
    throw new Error('postgres://me:hunter2@db refuses');
  };
  const metrics = new WorkerMetrics(refusing, (line) => said.push(`core: ${line}`));
  registerQueueGauges(metrics.registry, refusing, (line) => said.push(`queues: ${line}`));
  const served = await metrics.listen(0);
  try {
    for (let times = 0; times < 2; times++) {
      const text = await (await fetch(served.url)).text();
      expect(text).toContain('stockcast_process_cpu_seconds_total');
      expect(text).toContain('stockcast_dependency_up{dependency="temporal"} 0');
      expect(text).not.toContain('stockcast_task_queue_workers{');
    }
    expect(said.sort()).toEqual([
      "core: the metrics of Temporal's core cannot be read: postgres://***@db refuses",
      'queues: the task queues cannot be asked about, so metrics are without them: postgres://***@db refuses',
    ]);
  } finally {
    await served.close();
  }
});

it('what fails is said anew once it has worked in between', async () => {
  const said: string[] = [];
  const ask = undefinedWhenFailing('it fails', (line) => said.push(line));
  const failing = () => Promise.reject(new Error('for now'));
  await ask(failing);
  expect(await ask(async () => 1)).toBe(1);
  expect(await ask(failing)).toBeUndefined();
  expect(said).toEqual(['it fails: for now', 'it fails: for now']);
});
