import { afterAll, beforeAll, expect, it } from 'vitest';
import { QUEUES } from '../domain/run.ts';
import { startTickerTraining } from '../serving/runs.ts';
import { SMALL_WISH, type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { takeInTestUniverse } from '../tests/support/test-universe.ts';
import { workflowCoverage } from '../tests/support/workflow-coverage.ts';
import { createWorkers } from './run-workers.ts';
import { WorkerMetrics } from './worker-metrics.ts';
import { RETRAINING } from '../tests/support/retraining-settings.ts';

let pipeline: TestPipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  await takeInTestUniverse(pipeline.services, pipeline.context);
});
afterAll(() => pipeline?.stop());

it('tell over HTTP which activities ran, for how long, and how many records they handled', async () => {
  const { services, temporal, at, context, ended } = pipeline;
  const metrics = new WorkerMetrics();
  const served = await metrics.listen(0);
  const { workflows, merge } = await workflowCoverage();
  const common = { trainingSlots: 1, retraining: RETRAINING, shutdownGraceMs: 1000, workflows, metrics };
  const workers = await createWorkers(Object.values(QUEUES), { services, temporal, ...at, ...common });
  const running = workers.run();
  try {
    const wish = { ...SMALL_WISH, kinds: ['linear'] };
    const { run_id } = await startTickerTraining(services, temporal, context, 'AAPL', wish);
    expect(await ended(run_id)).toMatchObject({ status: 'completed' });
    const answer = await fetch(served.url);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=/);
    const text = await answer.text();
    expect(text).toContain('stockcast_activity_records_total{activity="ingest"} 600');
    expect(text).toContain('stockcast_activity_duration_seconds_count{activity="ingest",outcome="completed"} 1');
    expect(text).toContain('stockcast_activity_duration_seconds_count{activity="promote",outcome="completed"} 1');
    expect(text).toContain('stockcast_process_cpu_seconds_total');
    expect((await fetch(served.url.replace('/metrics', '/'))).status).toBe(404);
    await expect(metrics.listen(Number(new URL(served.url).port))).rejects.toMatchObject({ code: 'STACK_FAILED' });
  } finally {
    workers.shutdown();
    await running;
    merge();
    await served.close();
  }
});
