import { StockcastError } from '../domain/errors.ts';

/** What a part said when it was asked. */
export interface ProbeResult {
  readonly status: 'up' | 'down';
  /** Why it is down, in words. */
  readonly problem?: string;
}

/** Asks a part whether it is there, in bounded time; those who ask at once share one question. */
export class Probe {
  readonly #ask: () => Promise<unknown>;
  readonly #timeoutMs: number;
  #asked: Promise<ProbeResult> | undefined;

  constructor(ask: () => Promise<unknown>, timeoutMs: number) {
    this.#ask = ask;
    this.#timeoutMs = timeoutMs;
  }

  /** Never fails: whatever goes wrong is the answer. */
  async result(): Promise<ProbeResult> {
    this.#asked ??= this.#answer().finally(() => {
      this.#asked = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<ProbeResult>((resolve) => {
      timer = setTimeout(resolve, this.#timeoutMs, {
        status: 'down',
        problem: `no answer within ${this.#timeoutMs} ms`,
      });
    });
    try {
      return await Promise.race([this.#asked, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #answer(): Promise<ProbeResult> {
    try {
      await this.#ask();
      return { status: 'up' };
    } catch (error) {
      return {
        status: 'down',
        problem: error instanceof StockcastError ? error.message : 'failed in a way that nobody foresaw',
      };
    }
  }
}
