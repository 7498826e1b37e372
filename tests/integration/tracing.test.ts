import { afterAll, beforeAll, expect, it } from 'vitest';
import { QUEUES } from '../../domain/run.ts';
import { TemporalGateway } from '../../serving/temporal-gateway.ts';
import { type Tracing, openTracing } from '../../serving/tracing.ts';
import { createWorkers } from '../../workers/run-workers.ts';
import { workerTracing } from '../../workers/worker-tracing.ts';
import { keptWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { type CollectedSpan, Collector } from '../support/collector.ts';
import { SMALL_WISH, type TestPipeline, startPipeline } from '../support/pipeline.ts';
import { RETRAINING } from '../support/retraining-settings.ts';
import { startApi } from '../support/running-api.ts';
import { takeInTestUniverse } from '../support/test-universe.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';

const collector = new Collector();
const { spans } = collector;
const named = (name: string) => collector.named(name);
const pathTo = (span: CollectedSpan | undefined) => collector.pathTo(span);

let pipeline: TestPipeline;
let tracing: Tracing;
const said: string[] = [];
beforeAll(async () => {
  const endpoint = await collector.listen();
  tracing = openTracing({
    ...{ endpoint, headers: { 'x-key': 'of the collector' }, service: 'stockcast-test', version: '0' },
    say: (line) => said.push(line),
  });
  pipeline = await startPipeline({ workers: false });
  await takeInTestUniverse(pipeline.services, pipeline.context);
});
afterAll(async () => {
  await pipeline.stop();
  await tracing.close();
});

function attributesOf({ attributes }: CollectedSpan): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value as object)[0]]));
}

it('one trace leads from a request through its run and the child of a ticker to what an activity did', async () => {
  const { services, at } = pipeline;
  const temporal = new TemporalGateway({ ...at, uiUrl: undefined }, { workflow: [tracing.client] });
  const workers = await createWorkers(Object.values(QUEUES), {
    ...{ services, temporal, ...at, trainingSlots: 1, shutdownGraceMs: 1000 },
    retraining: RETRAINING,
    tracing: workerTracing(tracing),
    workflows: { workflowBundle: await keptWorkflowBundle({ traced: true }) },
  });
  const running = workers.run();
  const api = await startApi({ services, temporal, tracer: tracing.tracer });
  try {
    const answer = await fetch(`${api.url}/train?wait=true`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-${CALLER}-01` },
      body: JSON.stringify({ ...SMALL_WISH, kinds: ['linear'], tickers: ['AAPL'] }),
    });
    expect(await answer.json()).toMatchObject({ status: 'completed' });
    await expect.poll(() => named('RunWorkflow:trainUniverse')).toBeDefined();
    await expect.poll(() => named('POST /train')).toBeDefined();

    const request = named('POST /train')!;
    expect(request).toMatchObject({ traceId: TRACE, parentSpanId: CALLER });
    const start = ['POST /train', 'StartWorkflow:trainUniverse', 'RunWorkflow:trainUniverse'];
    const child = [...start, 'StartChildWorkflow:trainTicker', 'RunWorkflow:trainTicker'];
    expect(pathTo(named('RunActivity:planTicker'))).toEqual([
      ...start,
      'StartActivity:planTicker',
      'RunActivity:planTicker',
    ]);
    expect(pathTo(named('RunActivity:promote'))).toEqual([...child, 'StartActivity:promote', 'RunActivity:promote']);
    expect([...new Set(spans.map(({ traceId }) => traceId))]).toEqual([TRACE]);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    expect(spans.filter(({ status }) => status.code === 2)).toEqual([]);

    expect(attributesOf(request)).toMatchObject({ 'http.route': '/train', 'http.response.status_code': 200 });
    expect(attributesOf(named('RunWorkflow:trainTicker')!)).toMatchObject({
      'stockcast.ticker': 'AAPL',
      'stockcast.stage': 'done',
      'temporal.workflow_type': 'trainTicker',
    });
    // What the run has told last need not be the stage of a step.
    const told = spans.filter(({ attributes }) => attributes.some(({ key }) => key === 'stockcast.stage'));
    expect(told.filter(({ name }) => !name.startsWith('RunWorkflow:'))).toEqual([]);
    const trained = spans.filter(({ name }) => name === 'RunActivity:train').map(attributesOf);
    for (const [kind, queue] of Object.entries({ naive: 'stockcast', linear: 'stockcast-training' })) {
      expect(trained.find((each) => each['stockcast.kind'] === kind)).toMatchObject({
        ...{ 'stockcast.horizon': 1, 'temporal.attempt': 1, 'temporal.task_queue': queue },
      });
    }
    // Requests are known by their route, not by what a client wrote; runs by what they are about, not their input.
    const keys = new Set(spans.flatMap(({ attributes }) => attributes.map(({ key }) => key)));
    expect([...keys].filter((key) => !/^(http\.(route|re)|stockcast\.|temporal|run_id$)/.test(key))).toEqual([]);
    expect(collector.headers).toMatchObject({ 'x-key': 'of the collector' });
  } finally {
    await api.stop();
    workers.shutdown();
    await running;
    await temporal.close();
  }
}, 300_000);

it('what failed is told without its secrets, and that a collector is away once', async () => {
  const fail = (name: string) =>
    tracing.tracer.startActiveSpan(name, (span) => {
      span.recordException(new Error('postgres://me:hunter2@db is away'));
      span.setStatus({ code: 2, message: 'password=hunter2' });
      span.end();
    });
  fail('with a secret');
  await expect.poll(() => named('with a secret')).toBeDefined();
  expect(JSON.stringify(named('with a secret'))).toContain('postgres://***@db is away');
  expect(JSON.stringify(spans)).not.toContain('hunter2');
  expect(said).toEqual([]);

  await collector.close();
  fail('lost');
  await expect.poll(() => said).toEqual([expect.stringMatching(/^traces cannot be sent to http:\/\/127/)]);
});
