import { once } from 'node:events';
import { type IncomingHttpHeaders, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A span as it arrives. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: unknown }[];
  readonly status: { readonly code: number; readonly message?: string };
}

/** What a collector of traces would be: it takes spans over OTLP/HTTP, as JSON. */
export class Collector {
  readonly spans: CollectedSpan[] = [];
  /** Of the last request. */
  headers: IncomingHttpHeaders | undefined;
  readonly #server = createServer((request, response) => {
    void text(request).then((body) => {
      this.headers = request.headers;
      const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: CollectedSpan[] }[] }[] };
      this.spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      response.end('{}');
    });
  });

  /** Listens on a free port; gives the address for `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** The first span of this name. */
  named(name: string): CollectedSpan | undefined {
    return this.spans.find((span) => span.name === name);
  }

  /** Names of spans from the outermost to this one. */
  pathTo(span: CollectedSpan | undefined): string[] {
    if (span === undefined) return [];
    return [...this.pathTo(this.spans.find(({ spanId }) => spanId === span.parentSpanId)), span.name];
  }
}
