import type { ClientRateLimitInfo, Options, Store } from 'express-rate-limit';
import type { HitNews } from './replica-messages.ts';

const SAY_EVERY_MS = 100;

/**
 * Counts the requests of each client for the rate limit, with those that other processes behind the port have had. What
 * was counted here is said to them ten times a second, so no request waits for another process, and a client who asks
 * several at once may get as much too much as it asks within that time. A window begins with the clock's minute, for all
 * processes alike.
 */
export class SharedHits implements Store {
  readonly localKeys = false;
  readonly #say: (news: HitNews) => void;
  readonly #now: () => number;
  readonly #counts = new Map<string, number>();
  readonly #unsaid = new Map<string, number>();
  #windowMs = 60_000;
  #window = 0;
  #saying: NodeJS.Timeout | undefined;

  /** `now` tells the time in milliseconds; default: the system's clock. */
  constructor(say: (news: HitNews) => void, now: () => number = Date.now) {
    this.#say = say;
    this.#now = now;
  }

  init({ windowMs }: Pick<Options, 'windowMs'>): void {
    this.#windowMs = windowMs;
  }

  increment(client: string): ClientRateLimitInfo {
    return { totalHits: this.#count(client, 1), resetTime: new Date((this.#window + 1) * this.#windowMs) };
  }

  decrement(client: string): void {
    this.#count(client, -1);
  }

  resetKey(client: string): void {
    this.#count(client, -(this.#counts.get(client) ?? 0));
  }

  /** Adds what another process has counted. */
  hear({ window, hits }: HitNews): void {
    this.#turn();
    if (window !== this.#window) return;
    for (const [client, n] of hits) this.#counts.set(client, (this.#counts.get(client) ?? 0) + n);
  }

  #count(client: string, n: number): number {
    this.#turn();
    const count = (this.#counts.get(client) ?? 0) + n;
    this.#counts.set(client, count);
    this.#unsaid.set(client, (this.#unsaid.get(client) ?? 0) + n);
    if (this.#saying === undefined) this.#saying = setTimeout(() => this.#sayAll(), SAY_EVERY_MS).unref();
    return count;
  }

  #sayAll(): void {
    this.#saying = undefined;
    this.#turn();
    if (this.#unsaid.size === 0) return;
    this.#say({ window: this.#window, hits: [...this.#unsaid] });
    this.#unsaid.clear();
  }

  // What is over needs not be said any more.
  #turn(): void {
    const window = Math.floor(this.#now() / this.#windowMs);
    if (window === this.#window) return;
    this.#window = window;
    this.#counts.clear();
    this.#unsaid.clear();
  }
}
