import { ROOT_CONTEXT, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';
import { NodeTracerProvider, NoopSpanProcessor } from '@opentelemetry/sdk-trace-node';

/** The span under which something happens, in another process. */
export interface RemoteParent {
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** Says whether spans of a trace are kept; without a parent, whether one that begins here is. */
export type Samples = (traceId: string, parent?: RemoteParent) => boolean;

/**
 * The sampler of `OTEL_TRACES_SAMPLER`, for spans that the library does not make. It builds the sampler by itself and
 * keeps it, so that it is asked by a span that goes nowhere.
 */
export function samplerOfProcess(): Samples {
  let asked = '';
  const provider = new NodeTracerProvider({
    spanProcessors: [new NoopSpanProcessor()],
    idGenerator: { generateTraceId: () => asked, generateSpanId: () => '0000000000000001' },
  });
  const tracer = provider.getTracer('stockcast');
  return (traceId, parent) => {
    asked = traceId;
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote(traceId, parent));
    return (tracer.startSpan('asked', {}, context).spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
  };
}

function remote(traceId: string, { spanId, isSampled }: RemoteParent): SpanContext {
  return { traceId, spanId, traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
}
