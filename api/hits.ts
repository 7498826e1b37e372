import type { HitNews } from './replica-messages.ts';

/** Requests are counted by the minute. */
export const WINDOW_MS = 60_000;
const SAY_EVERY_MS = 100;

/**
 * Counts the requests of each client for the rate limit, with those that other processes behind the port have had. What
 * was counted here is said to them ten times a second, so no request waits for another process, and a client who asks
 * several at once may get as much too much as it asks within that time. Their minutes are the clock's, for all alike; a
 * process that is alone counts its own.
 */
export class Hits {
  readonly #say: ((news: HitNews) => void) | undefined;
  readonly #now: () => number;
  readonly #counts = new Map<string, number>();
  readonly #unsaid = new Map<string, number>();
  readonly #begin: number;
  #window = 0;
  #saying: NodeJS.Timeout | undefined;

  /** Without `say` there are no others. `now` tells the time in milliseconds; default: the system's clock. */
  constructor(say?: (news: HitNews) => void, now: () => number = Date.now) {
    this.#say = say;
    this.#now = now;
    this.#begin = say === undefined ? now() % WINDOW_MS : 0;
  }

  /** Counts one more; how many it has had in this window, and how many seconds this still lasts, at least 1. */
  count(client: string): { readonly n: number; readonly resetSeconds: number } {
    const now = this.#turn();
    const n = (this.#counts.get(client) ?? 0) + 1;
    this.#counts.set(client, n);
    if (this.#say !== undefined) {
      this.#unsaid.set(client, (this.#unsaid.get(client) ?? 0) + 1);
      if (this.#saying === undefined) this.#saying = setTimeout(() => this.#sayAll(), SAY_EVERY_MS).unref();
    }
    return { n, resetSeconds: Math.ceil(((this.#window + 1) * WINDOW_MS - now) / 1000) };
  }

  /** Adds what another process has counted. */
  hear({ window, hits }: HitNews): void {
    this.#turn();
    if (window !== this.#window) return;
    for (const [client, n] of hits) this.#counts.set(client, (this.#counts.get(client) ?? 0) + n);
  }

  #sayAll(): void {
    this.#saying = undefined;
    this.#turn();
    if (this.#unsaid.size === 0) return;
    this.#say?.({ window: this.#window, hits: [...this.#unsaid] });
    this.#unsaid.clear();
  }

  // What is over needs not be said any more.
  #turn(): number {
    const now = this.#now() - this.#begin;
    const window = Math.floor(now / WINDOW_MS);
    if (window !== this.#window) {
      this.#window = window;
      this.#counts.clear();
      this.#unsaid.clear();
    }
    return now;
  }
}
