import { once } from 'node:events';
import type { Response } from 'express';

const HEARTBEAT_MS = 15_000;
const STALLED_MS = 30_000;

/** How long a stream may be silent, and how long a client may leave it unread. */
interface StreamTimes {
  readonly heartbeatMs?: number;
  readonly stalledMs?: number;
}

/** Server-sent events to one client. What the client does not read is waited for, never piled up. */
export class EventStream {
  readonly #response: Response;
  readonly #ended: AbortSignal;
  readonly #stalledMs: number;
  readonly #heartbeat: NodeJS.Timeout;

  /** Sends the head of the answer. `ended` says when nothing more is to be sent. */
  constructor(
    response: Response,
    ended: AbortSignal,
    { heartbeatMs = HEARTBEAT_MS, stalledMs = STALLED_MS }: StreamTimes = {},
  ) {
    this.#response = response;
    this.#ended = ended;
    this.#stalledMs = stalledMs;
    response.status(200);
    response.set({ 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
    // Keeps proxies from closing a silent connection, and finds out that the other side has gone.
    this.#heartbeat = setInterval(() => {
      if (!response.writableNeedDrain) response.write(': still here\n\n');
    }, heartbeatMs);
  }

  /** Sends one event and waits until there is room for the next one; a client that reads nothing for long is cut off. */
  async send(event: string, id: string, data: string): Promise<void> {
    if (this.#response.write(`event: ${event}\nid: ${id}\ndata: ${data}\n\n`) || this.#ended.aborted) return;
    const stalled = new AbortController();
    const stop = () => stalled.abort();
    const timer = setTimeout(stop, this.#stalledMs);
    this.#ended.addEventListener('abort', stop);
    try {
      await once(this.#response, 'drain', { signal: stalled.signal });
    } catch {
      // It hung up, reads nothing, or the process stops: what is buffered for it goes along.
      this.#response.destroy();
    } finally {
      clearTimeout(timer);
      this.#ended.removeEventListener('abort', stop);
    }
  }

  close(): void {
    clearInterval(this.#heartbeat);
    // Waiting for an unread stream to be read would hold up the end of the process.
    if (this.#response.writableNeedDrain) this.#response.destroy();
    else this.#response.end();
  }
}
