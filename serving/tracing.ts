import { type Tracer, propagation, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { Resource } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry/lib/client/index.js';
import { withoutSecrets } from '../domain/without-secrets.ts';

const SEND_EVERY_MS = 1000;
/** A process that ends waits no longer for a collector that is away. */
const SEND_TIMEOUT_MS = 2000;

/** Where traces go, and who sends them. */
export interface TracingSettings {
  /** Base address of a collector that speaks OTLP/HTTP. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Name of the process in traces. */
  readonly service: string;
  readonly version: string;
  /** Told once when traces cannot be sent, and once when they can again. */
  readonly say: (line: string) => void;
}

/** Traces of this process, on their way to a collector. */
export interface Tracing {
  readonly tracer: Tracer;
  /** Says where spans come from; those made in the sandbox of workflows need it. */
  readonly resource: Resource;
  readonly spans: SpanProcessor;
  /** Notes what is asked of runs, and hands the trace on to them. */
  readonly client: WorkflowClientInterceptor;
  /** Sends what is left, for at most two seconds. */
  close(): Promise<void>;
}

/** Starts tracing in this process; once per process, since OpenTelemetry's context is the process's own. */
export function openTracing({ endpoint, headers, service, version, say }: TracingSettings): Tracing {
  const resource = new Resource({ 'service.name': service, 'service.version': version });
  const url = `${endpoint}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: SEND_TIMEOUT_MS });
  const spans = new BatchSpanProcessor(new CarefulExporter(exporter, endpoint, say), {
    scheduledDelayMillis: SEND_EVERY_MS,
    exportTimeoutMillis: SEND_TIMEOUT_MS,
  });
  const provider = new NodeTracerProvider({ resource, spanProcessors: [spans] });
  provider.register();
  const tracer = provider.getTracer('stockcast');
  return {
    tracer,
    resource,
    spans,
    client: startsAndUpdates(new OpenTelemetryWorkflowClientInterceptor({ tracer })),
    close: async () => {
      await provider.shutdown();
      trace.disable();
      propagation.disable();
    },
  };
}

// Runs that are watched are described and queried several times a second, which tells nothing.
function startsAndUpdates(all: OpenTelemetryWorkflowClientInterceptor): WorkflowClientInterceptor {
  return {
    start: (input, next) => all.start(input, next),
    startWithDetails: (input, next) => all.startWithDetails(input, next),
    startUpdate: (input, next) => all.startUpdate(input, next),
    signal: (input, next) => all.signal(input, next),
    signalWithStart: (input, next) => all.signalWithStart(input, next),
    cancel: (input, next) => all.cancel(input, next),
    terminate: (input, next) => all.terminate(input, next),
  };
}

/** Takes secrets out of failures before they are sent, and tells when sending fails. */
class CarefulExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #endpoint: string;
  readonly #say: (line: string) => void;
  #fails = false;

  constructor(exporter: SpanExporter, endpoint: string, say: (line: string) => void) {
    this.#exporter = exporter;
    this.#endpoint = withoutSecrets(endpoint);
    this.#say = say;
  }

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    for (const span of spans) clean(span);
    this.#exporter.export(spans, (result) => {
      const fails = result.code !== 0;
      if (fails && !this.#fails) {
        const problem = withoutSecrets(result.error?.message ?? 'no reason given');
        this.#say(`traces cannot be sent to ${this.#endpoint} and are lost: ${problem}`);
      } else if (!fails && this.#fails) this.#say(`traces are sent to ${this.#endpoint} again`);
      this.#fails = fails;
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }
}

function clean({ status, events }: ReadableSpan): void {
  if (status.message !== undefined) status.message = withoutSecrets(status.message);
  for (const { attributes } of events) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (typeof value === 'string') attributes![name] = withoutSecrets(value);
    }
  }
}
