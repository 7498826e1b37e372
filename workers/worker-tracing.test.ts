import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Worker, bundleWorkflowCode } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { WorkflowSpan } from '../domain/workflow-span.ts';
import { TemporalGateway } from '../serving/temporal-gateway.ts';
import { freshNamespace } from '../tests/support/temporal.ts';

const CONTINUING = fileURLToPath(new URL('../tests/support/continuing-workflow.ts', import.meta.url));
const INTERCEPTORS = fileURLToPath(new URL('../workflows/tracing-interceptors.ts', import.meta.url));

let at: Awaited<ReturnType<typeof freshNamespace>>;
let temporal: TemporalGateway;
beforeAll(async () => {
  at = await freshNamespace();
  temporal = new TemporalGateway({ ...at, uiUrl: undefined });
});
afterAll(() => temporal?.close());

it('what a run continues as goes on with its trace, below it', async () => {
  const spans: WorkflowSpan[] = [];
  const connection = await NativeConnection.connect({ address: at.address });
  const worker = await Worker.create({
    ...{ connection, namespace: at.namespace, taskQueue: 'continuing' },
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: CONTINUING,
      workflowInterceptorModules: [INTERCEPTORS],
      logger: new DefaultLogger('WARN'),
    }),
    sinks: { tracing: { export: { fn: (_info: unknown, span: WorkflowSpan) => void spans.push(span) } } },
  });
  const run = await temporal.client.workflow.start('goOn', { workflowId: 'goes-on', taskQueue: 'continuing' });
  expect(await worker.runUntil(run.result())).toBe('ended');
  await connection.close();

  const traceId = run.firstExecutionRunId.replaceAll('-', '');
  expect(spans).toMatchObject([
    { name: 'RunWorkflow:goOn', traceId, isUndecided: true },
    { name: 'RunWorkflow:goOn', traceId, isUndecided: true, parentSpanId: spans[0]?.spanId },
  ]);
  expect(spans[0]).not.toHaveProperty('parentSpanId');
});
