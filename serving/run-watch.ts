import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Context } from '../domain/context.ts';
import type { RunView } from './run-view.ts';
import { describeRun } from './runs.ts';
import type { TemporalGateway } from './temporal-gateway.ts';

const EVERY_MS = 500;
const MOST_RUNS = 1000;

/** Follows runs; those who follow the same one share what is asked of Temporal. */
export class RunWatch {
  readonly #temporal: TemporalGateway;
  readonly #views: LRUCache<string, Promise<RunView>>;

  constructor(temporal: TemporalGateway) {
    this.#temporal = temporal;
    // A little shorter than the pause, so that each pause ends in a new look.
    this.#views = new LRUCache({ max: MOST_RUNS, ttl: EVERY_MS * 0.9, ttlResolution: 0 });
  }

  /**
   * How a run stands: now, and then again and again until it has ended or `signal` aborts. It is asked for only when the
   * reader wants the next one, so a slow reader gets fewer, never a backlog.
   * @throws StockcastError RUN_UNKNOWN, TEMPORAL_UNAVAILABLE
   */
  async *follow(context: Context, runId: string, signal: AbortSignal): AsyncGenerator<RunView, void> {
    while (!signal.aborted) {
      const view = await unlessAborted(this.#view(context, runId), signal);
      if (view === undefined) return;
      yield view;
      if (view.status !== 'running') return;
      await pauseBetweenLooks(signal);
    }
  }

  #view(context: Context, runId: string): Promise<RunView> {
    const key = `${context.tenant} ${runId}`;
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const view = describeRun(this.#temporal, context, runId);
    this.#views.set(key, view);
    view.catch(() => this.#views.delete(key));
    return view;
  }
}

/** What `promise` settles to; undefined as soon as `signal` aborts: a look at a run may take seconds. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let stop = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Waits for as long as there lies between two looks at a run, or until `signal` aborts. */
export async function pauseBetweenLooks(signal: AbortSignal): Promise<void> {
  try {
    await sleep(EVERY_MS, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
