import { type Attributes, trace } from '@opentelemetry/api';
import {
  OpenTelemetryActivityInboundInterceptor,
  makeWorkflowExporter,
} from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import type { ActivityInterceptorsFactory, WorkerOptions } from '@temporalio/worker';
import type { WorkflowInfo } from '@temporalio/workflow';
import type { Tracing } from '../serving/tracing.ts';

/** What a worker needs to trace activities and workflows; the bundle of workflows must be made with tracing, too. */
export interface WorkerTracing {
  readonly activity: ActivityInterceptorsFactory;
  readonly sinks: NonNullable<WorkerOptions['sinks']>;
}

/** Traces what workers do; spans say what the work was about, never what it was given. */
export function workerTracing({ tracer, spans, resource }: Tracing): WorkerTracing {
  const { export: toCollector } = makeWorkflowExporter(spans, resource);
  return {
    activity: (context) => {
      const traced = new OpenTelemetryActivityInboundInterceptor(context, { tracer });
      return {
        inbound: {
          execute: (input, next) =>
            traced.execute(input, (given) => {
              const { attempt, taskQueue } = context.info;
              const queue = { 'temporal.task_queue': taskQueue, 'temporal.attempt': attempt };
              trace.getActiveSpan()?.setAttributes({ ...queue, ...subjectOf(given.args[0]) });
              return next(given);
            }),
        },
      };
    },
    sinks: {
      exporter: {
        export: {
          // All that is known of the run would become attributes, its memo included.
          fn: (info: WorkflowInfo, data: Parameters<typeof toCollector.fn>[1]) =>
            toCollector.fn(attributesOf(info) as unknown as WorkflowInfo, data),
        },
      },
    },
  };
}

function attributesOf({ workflowId, runId, workflowType, taskQueue, searchAttributes }: WorkflowInfo): Attributes {
  const [ticker, stage] = [searchAttributes.StockcastTicker?.[0], searchAttributes.StockcastStage?.[0]];
  return {
    temporalWorkflowId: workflowId,
    run_id: runId,
    'temporal.workflow_type': workflowType,
    'temporal.task_queue': taskQueue,
    ...textOf('ticker', ticker),
    ...textOf('stage', stage),
  };
}

/** Which ticker, kind and horizon an activity works on, where its input names them. */
function subjectOf(input: unknown): Attributes {
  const { ticker, kind, horizon, data, task } = fieldsOf(input);
  return {
    ...textOf('ticker', ticker ?? fieldsOf(data).ticker ?? fieldsOf(fieldsOf(task).data).ticker),
    ...textOf('kind', kind ?? fieldsOf(task).kind),
    ...textOf('horizon', horizon ?? fieldsOf(task).horizon),
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(name: string, value: unknown): Attributes {
  return typeof value === 'string' || typeof value === 'number' ? { [`stockcast.${name}`]: value } : {};
}
