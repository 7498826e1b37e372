import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a provider's double behaves. */
export type Mood =
  | { readonly kind: 'well' }
  /** 429, with Retry-After in seconds when given. */
  | { readonly kind: 'too-many-requests'; readonly retryAfter?: number | string }
  | { readonly kind: 'failing'; readonly status?: number }
  /** Takes requests and never answers. */
  | { readonly kind: 'silent' }
  /** Closes the connection instead of answering. */
  | { readonly kind: 'reset' }
  /** Sends half of the answer and closes the connection. */
  | { readonly kind: 'truncated' }
  /** Sends half of the answer as if it were whole. */
  | { readonly kind: 'malformed' };

/** What a provider would answer when it is well. */
export interface ProviderAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}

/** A provider's double on a port of its own. */
export interface ProviderDouble {
  /** Base address; stands in for all addresses of the provider. */
  readonly url: string;
  /** Paths with queries that were asked for, oldest first; cleared by whoever likes. */
  readonly requests: string[];
  /** Connections that were opened so far. */
  readonly connections: number;
  /**
   * Changes the mood; with `times`, for so many requests. Other processes do the same with
   * `PUT /double/mood` and `{"kind": …, "times": …}`.
   */
  behave(mood: Mood, times?: number): void;
  stop(): Promise<void>;
}

/** Starts a double on a free port of 127.0.0.1 that answers as `answer` says while it is well. */
export async function startProvider(
  answer: (url: URL, request: IncomingMessage) => ProviderAnswer,
): Promise<ProviderDouble> {
  const requests: string[] = [];
  let connections = 0;
  let mood: Mood = { kind: 'well' };
  let remaining = Number.POSITIVE_INFINITY;
  const behave = (next: Mood, times = Number.POSITIVE_INFINITY) => {
    mood = next;
    remaining = times;
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://double');
    if (url.pathname === '/double/mood') {
      switchMood(request, response, behave);
      return;
    }
    requests.push(request.url ?? '/');
    const now = remaining > 0 ? mood : ({ kind: 'well' } as const);
    remaining--;
    misbehave(now, answer(url, request), response);
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    get connections() {
      return connections;
    },
    behave,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function misbehave(mood: Mood, { status, headers, body }: ProviderAnswer, response: ServerResponse): void {
  const half = body.slice(0, Math.ceil(body.length / 2));
  switch (mood.kind) {
    case 'too-many-requests': {
      const retry = mood.retryAfter === undefined ? {} : { 'Retry-After': String(mood.retryAfter) };
      response.writeHead(429, { 'Content-Type': 'text/plain', ...retry }).end('Too Many Requests\r\n');
      return;
    }
    case 'failing':
      response.writeHead(mood.status ?? 502, { 'Content-Type': 'text/html' });
      response.end('<!doctype html><html><body><h1>Will be right back...</h1></body></html>');
      return;
    case 'silent':
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'truncated':
      response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
      response.write(half, () => response.socket?.destroy());
      return;
    case 'malformed':
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(half);
      return;
    case 'well':
      response.writeHead(status, { 'Content-Type': 'application/json;charset=utf-8', ...headers } as never).end(body);
  }
}

function switchMood(request: IncomingMessage, response: ServerResponse, behave: ProviderDouble['behave']): void {
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString()));
  request.on('end', () => {
    const { times, ...mood } = JSON.parse(text) as Mood & { times?: number };
    behave(mood, times);
    response.writeHead(204).end();
  });
}
