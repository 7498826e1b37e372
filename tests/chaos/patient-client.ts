import { setTimeout as sleep } from 'node:timers/promises';
import { StockcastError } from '../../domain/errors.ts';
import type { RunView, StartedRun } from '../../serving/run-view.ts';

const POLL_MS = 200;
/** What an answer may take before it counts as lost. */
const ANSWER_MS = 10_000;

/** A client of the API that goes on asking while the API, or what it needs, is away. */
export class PatientClient {
  /** How often it had to ask again. */
  retries = 0;
  /** How the run that is waited for stood when it was last heard of. */
  newest: RunView | undefined;
  readonly #api: string;
  readonly #signal: AbortSignal;

  constructor(api: string, signal: AbortSignal) {
    this.#api = api;
    this.#signal = signal;
  }

  /** Starts a run of many tickers, or joins it. */
  train(body: object): Promise<StartedRun> {
    const headers = { 'content-type': 'application/json' };
    return this.#ask('/train', { method: 'POST', headers, body: JSON.stringify(body) });
  }

  /** Waits until a run has ended. */
  async ended(runId: string): Promise<RunView> {
    for (;;) {
      const view = await this.#ask<RunView>(`/runs/${encodeURIComponent(runId)}`);
      this.newest = view;
      if (view.status !== 'running') return view;
      await sleep(POLL_MS, undefined, { signal: this.#signal });
    }
  }

  async #ask<T>(path: string, request: RequestInit = {}): Promise<T> {
    for (;;) {
      this.#signal.throwIfAborted();
      const answer = await this.#once(path, request);
      if (answer?.ok) return answer.body as T;
      if (answer !== undefined && answer.status < 500) {
        throw new Error(`${path} was answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
      }
      this.retries += 1;
      await sleep(POLL_MS, undefined, { signal: this.#signal });
    }
  }

  async #once(path: string, request: RequestInit) {
    try {
      const answer = await fetch(`${this.#api}${path}`, { ...request, signal: AbortSignal.timeout(ANSWER_MS) });
      return { ok: answer.ok, status: answer.status, body: await answer.json() };
    } catch {
      // Not reached, cut off in the middle, or too late: the API is away.
      return undefined;
    }
  }
}

/** Reads from the database, and again until it is there. */
export async function patiently<T>(reading: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await reading();
    } catch (error) {
      if (!(error instanceof StockcastError) || error.code !== 'DATABASE_UNAVAILABLE') throw error;
      await sleep(POLL_MS, undefined, { signal });
    }
  }
}
