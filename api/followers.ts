import { setMaxListeners } from 'node:events';
import { StockcastError } from '../domain/errors.ts';

/** Lets a bounded number of requests stay open while they follow something. */
export class Followers {
  readonly #limit: number;
  readonly #stopping: AbortSignal;
  #n = 0;

  constructor(limit: number, stopping: AbortSignal) {
    this.#limit = limit;
    this.#stopping = stopping;
    // One listener for each that is open: bounded here, so there is nothing to warn of.
    setMaxListeners(0, stopping);
  }

  /** How many are open now. */
  get n(): number {
    return this.#n;
  }

  /**
   * Runs `body`, whose signal aborts when the client goes or the process is asked to stop.
   * @throws StockcastError STREAMS_BUSY
   */
  async hold<T>(client: AbortSignal, body: (ended: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#n >= this.#limit) {
      throw new StockcastError('STREAMS_BUSY', { limit: this.#limit, setting: 'STOCKCAST_MAX_STREAMS' });
    }
    this.#n += 1;
    // `AbortSignal.any` would stay with the process's signal for as long as the process lives.
    const ended = new AbortController();
    const end = () => ended.abort();
    const sources = [client, this.#stopping];
    for (const source of sources) {
      if (source.aborted) end();
      source.addEventListener('abort', end);
    }
    try {
      return await body(ended.signal);
    } finally {
      for (const source of sources) source.removeEventListener('abort', end);
      this.#n -= 1;
    }
  }
}
