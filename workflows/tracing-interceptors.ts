import { type Headers, defaultPayloadConverter } from '@temporalio/common';
import {
  ContinueAsNew,
  type WorkflowInterceptors,
  isCancellation,
  proxySinks,
  workflowInfo,
} from '@temporalio/workflow';
import { failureReason } from '../domain/failure-reason.ts';
import { type SpanSinks, TRACE_HEADER, UNDECIDED } from '../domain/workflow-span.ts';

const TRACE_PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

interface Place {
  readonly traceId: string;
  /** Absent at the beginning of a trace. */
  readonly spanId?: string;
  readonly isSampled: boolean;
  /** Whether a run began the trace; if it is kept is decided outside, by the id of the trace. */
  readonly isUndecided: boolean;
}

interface OpenSpan extends Place {
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly startMs: number;
}

/**
 * Spans of workflows, with the trace handed on to activities, children and what runs continue as. No interceptor waits
 * for anything or draws a random number: a run begun without tracing goes on with it, and the other way round.
 */
export function interceptors(): WorkflowInterceptors {
  const { runId, workflowType } = workflowInfo();
  const digits = runId.replaceAll('-', '');
  const { tracing } = proxySinks<SpanSinks>();
  let opened = 0;
  let run: Place = { traceId: digits, isSampled: true, isUndecided: true };

  const open = (name: string, parent: Place): OpenSpan => {
    // The last digits of a run's id are random, so that its spans are unlike those of other runs.
    const own = (BigInt(`0x${digits.slice(-16)}`) ^ (BigInt(++opened) << 32n)).toString(16).padStart(16, '0');
    return { ...parent, name, spanId: own, parentSpanId: parent.spanId, startMs: Date.now() };
  };
  const end = ({ isSampled, parentSpanId, ...span }: OpenSpan, error?: unknown): void => {
    if (!isSampled) return;
    const failure = error === undefined || error instanceof ContinueAsNew ? undefined : reasonOf(error);
    tracing.export({
      ...span,
      ...(parentSpanId === undefined ? {} : { parentSpanId }),
      endMs: Date.now(),
      ...(failure === undefined ? {} : { failure }),
    });
  };
  // Looks on: what waited for the promise goes on at the same moment as without.
  const closing = <T>(span: OpenSpan, promise: Promise<T>): Promise<T> => {
    void promise.then(
      () => end(span),
      (error: unknown) => end(span, error),
    );
    return promise;
  };

  return {
    inbound: [
      {
        execute(input, next) {
          const span = open(`RunWorkflow:${workflowType}`, placeIn(input.headers) ?? run);
          run = span;
          return closing(span, next(input));
        },
        handleUpdate(input, next) {
          return closing(open(`HandleUpdate:${input.name}`, placeIn(input.headers) ?? run), next(input));
        },
        handleSignal(input, next) {
          return closing(open(`HandleSignal:${input.signalName}`, placeIn(input.headers) ?? run), next(input));
        },
      },
    ],
    outbound: [
      {
        scheduleActivity(input, next) {
          const span = open(`StartActivity:${input.activityType}`, run);
          return closing(span, next({ ...input, headers: withPlace(input.headers, span) }));
        },
        scheduleLocalActivity(input, next) {
          const span = open(`StartActivity:${input.activityType}`, run);
          return closing(span, next({ ...input, headers: withPlace(input.headers, span) }));
        },
        startChildWorkflowExecution(input, next) {
          const span = open(`StartChildWorkflow:${input.workflowType}`, run);
          const starting = next({ ...input, headers: withPlace(input.headers, span) });
          void starting.then(
            ([, ending]) => void closing(span, ending),
            (error: unknown) => end(span, error),
          );
          return starting;
        },
        signalWorkflow: (input, next) => next({ ...input, headers: withPlace(input.headers, run) }),
        continueAsNew: (input, next) => next({ ...input, headers: withPlace(input.headers, run) }),
      },
    ],
  };
}

function placeIn(headers: Headers): Place | undefined {
  const payload = headers[TRACE_HEADER];
  if (payload === undefined) return undefined;
  const { traceparent, tracestate } = defaultPayloadConverter.fromPayload<{
    readonly traceparent?: string;
    readonly tracestate?: string;
  }>(payload);
  const [, traceId, spanId, flags] = TRACE_PARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  const isSampled = (Number.parseInt(flags!, 16) & 1) === 1;
  return { traceId, spanId, isSampled, isUndecided: tracestate === UNDECIDED };
}

function withPlace(headers: Headers, { traceId, spanId, isSampled, isUndecided }: Place): Headers {
  if (spanId === undefined) return headers;
  const traceparent = `00-${traceId}-${spanId}-0${isSampled ? 1 : 0}`;
  const place = isUndecided ? { traceparent, tracestate: UNDECIDED } : { traceparent };
  return { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(place) };
}

function reasonOf(error: unknown): string {
  return isCancellation(error) ? 'cancelled' : failureReason(error).message;
}
