import { seconds } from './seconds.ts';

/** Measures how long the phases of a command take. `now` is in milliseconds and never goes back. */
export class Phases {
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #taken: { readonly name: string; readonly ms: number }[] = [];

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#startedAt = now();
  }

  /** Runs one phase. */
  async run<T>(name: string, body: () => Promise<T>): Promise<T> {
    const from = this.#now();
    try {
      return await body();
    } finally {
      this.#taken.push({ name, ms: this.#now() - from });
    }
  }

  /** Since the first phase could begin, in milliseconds. */
  get elapsedMs(): number {
    return this.#now() - this.#startedAt;
  }

  /** Seconds per phase, in order. */
  get secondsByPhase(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#taken.map(({ name, ms }) => [name, Math.round(ms) / 1000]));
  }

  /** For example `12.3 s (stack 3.1 s, training 9.2 s)`. */
  toString(): string {
    const parts = this.#taken.map(({ name, ms }) => `${name} ${seconds(ms)}`);
    return `${seconds(this.elapsedMs)} (${parts.join(', ')})`;
  }
}
