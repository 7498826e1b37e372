import { setTimeout as sleep } from 'node:timers/promises';

/** Lets calls through at a steady rate, in the order in which they come; up to a second's worth at once after a rest. */
export class RequestRate {
  readonly #intervalMs: number;
  readonly #burstMs: number;
  #next = 0;
  #notBefore = 0;

  /** @param perSecond calls a second, above zero */
  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond;
    this.#burstMs = 1000 - Math.min(1000, this.#intervalMs);
  }

  /** When the next call may go, as the provider asked for; 0 when it did not. */
  get notBefore(): number {
    return this.#notBefore;
  }

  /** How long a call that came now would wait for its turn. */
  get waitMs(): number {
    return Math.max(0, this.#start - Date.now());
  }

  /** Holds every call back until an instant, in ms since 1970; those whose turn was set before find out at their turn. */
  holdUntil(instant: number): void {
    this.#notBefore = Math.max(this.#notBefore, instant);
  }

  /** Settles when it is the caller's turn. @throws the signal's reason when it aborts before */
  async turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { waitMs } = this;
    this.#next = this.#start + this.#intervalMs;
    if (waitMs <= 0) return;
    await sleep(waitMs, undefined, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
  }

  get #start(): number {
    return Math.max(this.#next, Date.now() - this.#burstMs, this.#notBefore);
  }
}
