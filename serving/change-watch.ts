import { contextFrom } from '../domain/context.ts';
import type { Cache } from '../stores/cache/cache.ts';
import type { ChangeListener } from '../stores/changes/changes.ts';

/** For how long what was read counts as current while changes may be missed. */
const UNHEARD_MS = 2000;

/** Has caches forget what changed, and knows whether every change is heard of. */
export class ChangeWatch implements ChangeListener {
  /** Settles when changes are heard for the first time. */
  readonly heard: Promise<void>;
  readonly #caches: readonly Cache[];
  readonly #now: () => number;
  #settleHeard: () => void = () => undefined;
  #isHearing = false;
  #lostAt = 0;

  /** Each ticker's values lie in a group of its name. */
  constructor(caches: readonly Cache[], now: () => number = Date.now) {
    this.#caches = caches;
    this.#now = now;
    this.heard = new Promise((resolve) => {
      this.#settleHeard = resolve;
    });
  }

  get isHearing(): boolean {
    return this.#isHearing;
  }

  changed(tenant: string, ticker: string): void {
    const context = contextFrom({ tenant, principal: 'stockcast' });
    this.#tellAll((cache) => cache.forget(context, ticker));
  }

  hearing(): void {
    this.#isHearing = true;
    this.#tellAll((cache) => cache.forgetAll());
    this.#settleHeard();
  }

  lost(): void {
    this.#isHearing = false;
    this.#lostAt = this.#now();
  }

  /** Until when what was read at `readAt` is current unless a change is told: without end while all are heard. */
  freshUntil(readAt: number): number {
    return this.#isHearing ? Number.POSITIVE_INFINITY : Math.max(readAt, this.#lostAt) + UNHEARD_MS;
  }

  // A shared cache that can't be told now makes it good before it is believed again.
  #tellAll(tell: (cache: Cache) => Promise<void>): void {
    for (const cache of this.#caches) tell(cache).catch(() => undefined);
  }
}

/** One listener that tells several. */
export function allTold(listeners: readonly ChangeListener[]): ChangeListener {
  return {
    changed: (tenant, ticker) => {
      for (const listener of listeners) listener.changed(tenant, ticker);
    },
    hearing: () => {
      for (const listener of listeners) listener.hearing();
    },
    lost: () => {
      for (const listener of listeners) listener.lost();
    },
  };
}
