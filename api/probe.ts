import { performance } from 'node:perf_hooks';
import { StockcastError } from '../domain/errors.ts';

/** What a part said when it was asked. */
export interface ProbeResult {
  readonly status: 'up' | 'down';
  readonly latencyMs: number;
  /** Why it is down, in words. */
  readonly problem?: string;
}

/**
 * Asks a part whether it is there, in bounded time. Those who ask at once share one question, and its answer holds for
 * `holdsMs`, so that asking often costs the part nothing.
 */
export class Probe {
  readonly #ask: () => Promise<unknown>;
  readonly #timeoutMs: number;
  readonly #holdsMs: number;
  #asked: Promise<ProbeResult> | undefined;
  #last: { readonly result: ProbeResult; readonly until: number } | undefined;

  constructor(ask: () => Promise<unknown>, timeoutMs: number, holdsMs = 0) {
    this.#ask = ask;
    this.#timeoutMs = timeoutMs;
    this.#holdsMs = holdsMs;
  }

  /** Never fails: whatever goes wrong is the answer. */
  async result(): Promise<ProbeResult> {
    if (this.#last !== undefined && performance.now() < this.#last.until) return this.#last.result;
    this.#asked ??= this.#answer().finally(() => {
      this.#asked = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<ProbeResult>((resolve) => {
      timer = setTimeout(resolve, this.#timeoutMs, {
        status: 'down',
        latencyMs: this.#timeoutMs,
        problem: `no answer within ${this.#timeoutMs} ms`,
      });
    });
    try {
      const result = await Promise.race([this.#asked, late]);
      this.#last = { result, until: performance.now() + this.#holdsMs };
      return result;
    } finally {
      clearTimeout(timer);
    }
  }

  async #answer(): Promise<ProbeResult> {
    const started = performance.now();
    const latencyMs = () => Math.round((performance.now() - started) * 1000) / 1000;
    try {
      await this.#ask();
      return { status: 'up', latencyMs: latencyMs() };
    } catch (error) {
      return {
        status: 'down',
        latencyMs: latencyMs(),
        problem: error instanceof StockcastError ? error.message : 'failed in a way that nobody foresaw',
      };
    }
  }
}
