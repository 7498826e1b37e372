/** Where the interceptors of clients and activities look for the trace, in the form of W3C's `traceparent`. */
export const TRACE_HEADER = '_tracer-data';

/** `tracestate` of a trace that a run began: the sandbox knows no sampler, so that whoever notes spans decides. */
export const UNDECIDED = 'stockcast=undecided';

/** A piece of a run's trace as the sandbox of workflows tells it to the worker; ids are hexadecimal, times Unix milliseconds. */
export interface WorkflowSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Absent at the beginning of a trace. */
  readonly parentSpanId?: string;
  /** Whether it is still to be decided if the trace is kept. */
  readonly isUndecided: boolean;
  readonly startMs: number;
  readonly endMs: number;
  /** Why what it stands for did not come about. */
  readonly failure?: string;
}

/** The sink through which spans leave the sandbox. */
export type SpanSinks = {
  readonly tracing: { export(span: WorkflowSpan): void };
};
