import { type Attributes, type HrTime, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { type Headers, defaultPayloadConverter } from '@temporalio/common';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { OpenTelemetryActivityInboundInterceptor } from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import type { ActivityInterceptorsFactory, InjectedSinks, WorkerOptions } from '@temporalio/worker';
import type { WorkflowInfo } from '@temporalio/workflow';
import { type SpanSinks, TRACE_HEADER, UNDECIDED, type WorkflowSpan } from '../domain/workflow-span.ts';
import type { Tracing } from '../serving/tracing.ts';
import { type Samples, samplerOfProcess } from './trace-sampling.ts';

/** What a worker needs to trace activities and workflows; the bundle of workflows must be made with tracing, too. */
export interface WorkerTracing {
  readonly activity: ActivityInterceptorsFactory;
  readonly sinks: NonNullable<WorkerOptions['sinks']>;
}

/**
 * Traces what workers do; spans say what the work was about, never what it was given. Which traces that runs begin are
 * kept is decided here, by their ids, so that all workers with the same sampler come to the same.
 */
export function workerTracing(tracing: Tracing): WorkerTracing {
  const samples = samplerOfProcess();
  const sinks: InjectedSinks<SpanSinks> = {
    tracing: {
      export: {
        fn: (info, span) => {
          if (isKept(span, samples)) tracing.spans.onEnd(readable(span, attributesOf(info, span), tracing));
        },
        callDuringReplay: false,
      },
    },
  };
  return {
    activity: (context) => {
      const traced = new OpenTelemetryActivityInboundInterceptor(context, { tracer: tracing.tracer });
      return {
        inbound: {
          execute: (input, next) =>
            traced.execute({ ...input, headers: decided(input.headers, samples) }, (given) => {
              const { attempt, taskQueue } = context.info;
              const queue = { 'temporal.task_queue': taskQueue, 'temporal.attempt': attempt };
              trace.getActiveSpan()?.setAttributes({ ...queue, ...subjectOf(given.args[0]) });
              return next(given);
            }),
        },
      };
    },
    sinks,
  };
}

/** As the library decides it for spans of activities in the same trace. */
function isKept({ traceId, parentSpanId, isUndecided }: WorkflowSpan, samples: Samples): boolean {
  const isSampled = !isUndecided || samples(traceId);
  return parentSpanId === undefined ? isSampled : samples(traceId, { spanId: parentSpanId, isSampled });
}

/** The trace as the library takes it, which knows of none that are still to be decided. */
function decided(headers: Headers, samples: Samples): Headers {
  const payload = headers[TRACE_HEADER];
  if (payload === undefined) return headers;
  const { traceparent, tracestate } = defaultPayloadConverter.fromPayload<Readonly<Record<string, string>>>(payload);
  if (tracestate !== UNDECIDED || traceparent === undefined) return headers;
  const [version, traceId, spanId] = traceparent.split('-');
  const place = { traceparent: `${version}-${traceId}-${spanId}-0${samples(traceId!) ? 1 : 0}` };
  return { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(place) };
}

/** A span that was made in the sandbox, in the form that exporters take. */
function readable(span: WorkflowSpan, attributes: Attributes, { resource }: Tracing): ReadableSpan {
  const { name, traceId, spanId, parentSpanId, startMs, endMs, failure } = span;
  return {
    ...{ name, attributes, resource },
    kind: SpanKind.INTERNAL,
    spanContext: () => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED }),
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    startTime: hrTime(startMs),
    endTime: hrTime(endMs),
    duration: hrTime(endMs - startMs),
    ended: true,
    status: failure === undefined ? { code: SpanStatusCode.OK } : { code: SpanStatusCode.ERROR, message: failure },
    links: [],
    events: [],
    instrumentationLibrary: { name: 'stockcast' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];
}

function attributesOf(
  { workflowId, runId, workflowType, taskQueue, searchAttributes }: WorkflowInfo,
  { name }: WorkflowSpan,
): Attributes {
  const [ticker, stage] = [searchAttributes.StockcastTicker?.[0], searchAttributes.StockcastStage?.[0]];
  return {
    temporalWorkflowId: workflowId,
    run_id: runId,
    'temporal.workflow_type': workflowType,
    'temporal.task_queue': taskQueue,
    ...textOf('ticker', ticker),
    // Of steps it would be what the run told last, which need not be the stage of the step.
    ...(name.startsWith('RunWorkflow:') ? textOf('stage', stage) : {}),
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
