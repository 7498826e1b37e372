/** A piece of a run's trace as the sandbox of workflows tells it to the worker; ids are hexadecimal, times Unix milliseconds. */
export interface WorkflowSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Absent at the beginning of a trace. */
  readonly parentSpanId?: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Why what it stands for did not come about. */
  readonly failure?: string;
}

/** The sink through which spans leave the sandbox. */
export type SpanSinks = {
  readonly tracing: { export(span: WorkflowSpan): void };
};
