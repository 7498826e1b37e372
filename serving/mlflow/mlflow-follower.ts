import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, contextFrom } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { Changes } from '../../stores/changes/changes.ts';
import type { Backlog, Mark } from '../../stores/mlflow/mlflow-backlog.ts';
import { tellOutcomes, tellUsage } from './tell-inference.ts';
import type { MlflowParts } from './mlflow-parts.ts';
import { tellModel } from './tell-model.ts';
import { type LackedPipeline, lackedPipelines, tellLacked } from './tell-runs.ts';
import { tellPromotion, tellStages } from './tell-stages.ts';

const AT_A_TIME = 20;
const PRINCIPAL = 'stockcast';
const POLL_MS = 30_000;
/** A run writes several rows within moments. */
const GATHER_MS = 500;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A day's log of predictions is whole a while after its end. */
const AUDIT_LAG_MS = 10 * 60_000;
const USAGE_EVERY_MS = 10 * 60_000;
/** Temporal lists a run a while after it was started or has ended. */
const VISIBILITY_LAG_MS = 5 * 60_000;

/** What became of one pass over everything that MLflow lacks. */
export interface Told {
  readonly models: number;
  readonly promotions: number;
  readonly runs: number;
  readonly inferences: number;
  /** What MLflow refused or could not be read, with the reason; tried again with the next pass. */
  readonly refused: readonly string[];
}

/**
 * Tells MLflow what it lacks of models, promotions and their use. Everything is looked for before it is made and noted
 * as told only afterwards, so a process that ends between any two calls leaves nothing that would be there twice.
 */
export class MlflowFollower {
  readonly #parts: MlflowParts;
  readonly #say: (line: string) => void;
  readonly #stopping = new AbortController();
  /** Aborted when something has changed since the last pass began. */
  #woken = new AbortController();
  #usageAt = 0;
  /** Runs before have been told; 0 for all that Temporal still knows. */
  #runsSince = 0;

  /** @param say is told in one line when MLflow goes away, comes back or refuses something */
  constructor(parts: MlflowParts, say: (line: string) => void) {
    this.#parts = parts;
    this.#say = say;
  }

  /** Tells MLflow all that it lacks, and whatever comes, until `stop`. Never fails. */
  async follow(changes: Changes): Promise<void> {
    const wake = () => this.#woken.abort();
    changes.listen({ changed: wake, hearing: wake, lost: () => undefined });
    let isAway = false;
    let pauseMs = FIRST_PAUSE_MS;
    let complained = '';
    while (!this.#stopping.signal.aborted) {
      try {
        const told = await this.tell();
        if (isAway) this.#say('MLflow is told again');
        isAway = false;
        pauseMs = FIRST_PAUSE_MS;
        const refused = told?.refused.join('; ') ?? '';
        if (refused !== '' && refused !== complained) this.#say(`MLflow lacks what it refused: ${refused}`);
        complained = refused;
        await this.#pause(POLL_MS, true);
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        if (!isAway) this.#say(`MLflow is told later: ${error instanceof Error ? error.message : String(error)}`);
        isAway = true;
        await this.#pause(pauseMs, false);
        pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
      }
    }
  }

  /** Ends what is under way; what was not told then is told by whoever follows next. */
  stop(): void {
    this.#stopping.abort();
    this.#parts.http.close();
  }

  /**
   * Tells MLflow all that it lacks now; undefined when another process is at it.
   * @throws StockcastError MLFLOW_UNAVAILABLE, DATABASE_UNAVAILABLE, TEMPORAL_UNAVAILABLE
   */
  tell(): Promise<Told | undefined> {
    return this.#parts.backlog.exclusively(async () => {
      const refused: string[] = [];
      const begunAt = Date.now();
      // Found before the models, so that every model of a run that has ended is there when its story is told.
      const pipelines = await lackedPipelines(this.#parts, this.#runsSince);
      const models = await this.#tellModels(refused);
      const promotions = await this.#tellPromotions(refused);
      await this.#tellShadows(refused);
      const runs = await this.#tellRuns(pipelines, refused);
      const inferences = await this.#tellInferences();
      this.#runsSince = begunAt - VISIBILITY_LAG_MS;
      return { models, promotions, runs, inferences, refused };
    });
  }

  /** What MLflow lacks; it is not asked. */
  waiting(): Promise<Backlog> {
    return this.#parts.backlog.waiting();
  }

  /** Has it told everything again, from the beginning. */
  forget(): Promise<void> {
    this.#runsSince = 0;
    return this.#parts.backlog.forget();
  }

  /** @throws StockcastError MLFLOW_UNAVAILABLE */
  ping(): Promise<void> {
    return this.#parts.http.ping();
  }

  async #tellModels(refused: string[]): Promise<number> {
    const { backlog, services } = this.#parts;
    const lacked = (limit: number) => backlog.models(limit);
    return this.#tellBatches(lacked, refused, async (context, { modelId, told }) => {
      const model = await services.registry.find(context, modelId);
      if (model !== undefined) await tellModel(this.#parts, context, model, told);
      return model;
    });
  }

  async #tellPromotions(refused: string[]): Promise<number> {
    const lacked = (limit: number) => this.#parts.backlog.promotions(limit);
    return this.#tellBatches(lacked, refused, async (context, entry) =>
      (await tellPromotion(this.#parts, context, entry)) ? entry.promotion : undefined,
    );
  }

  async #tellShadows(refused: string[]): Promise<void> {
    const lacked = (limit: number) => this.#parts.backlog.shadows(limit);
    // Where a challenger stands is an alias alone.
    await this.#tellBatches(lacked, refused, async (_, line) => line);
  }

  /** Tells what is lacked, batch by batch; each is noted once the stages of its ticker and horizon are as they should be. */
  async #tellBatches<Lacked extends Mark>(
    lackedNow: (limit: number) => Promise<Lacked[]>,
    refused: string[],
    tell: (
      context: Context,
      lacked: Lacked,
    ) => Promise<{ readonly ticker: string; readonly horizon: Horizon } | undefined>,
  ): Promise<number> {
    const left = new Set<string>();
    for (let count = 0; ; ) {
      const lacked = (await lackedNow(AT_A_TIME + left.size)).filter((each) => !left.has(nameOf(each)));
      if (lacked.length === 0) return count;
      const done: Lacked[] = [];
      const places = new Map<string, () => Promise<void>>();
      for (const each of lacked) {
        left.add(nameOf(each));
        const context = contextFrom({ tenant: each.tenant, principal: PRINCIPAL });
        // One thing that MLflow will not take must not keep it from everything else.
        const place = await unlessRefused(refused, each, () => tell(context, each));
        if (place === undefined) continue;
        const { ticker, horizon } = place;
        places.set(`${each.tenant}/${ticker}/${horizon}`, () => tellStages(this.#parts, context, ticker, horizon));
        done.push(each);
      }
      for (const settle of places.values()) await settle();
      await this.#mark(done);
      for (const each of done) left.delete(nameOf(each));
      count += done.length;
    }
  }

  async #tellRuns(pipelines: readonly LackedPipeline[], refused: string[]): Promise<number> {
    let count = 0;
    for (const each of pipelines) {
      const subject = { tenant: each.tenant, subject: `run/${each.runId}`, state: '' };
      const told = await unlessRefused(refused, subject, async () => {
        await tellLacked(this.#parts, each);
        return true;
      });
      if (told === true) count++;
    }
    return count;
  }

  async #tellInferences(): Promise<number> {
    const { backlog } = this.#parts;
    const now = Date.now();
    let count = 0;
    for (
      let lacked = await backlog.outcomes(AT_A_TIME);
      lacked.length > 0;
      lacked = await backlog.outcomes(AT_A_TIME)
    ) {
      await tellOutcomes(this.#parts, lacked);
      await this.#mark(lacked);
      count += lacked.length;
    }
    // Reading the log of predictions takes a while, and a day of it is over but once.
    if (now - this.#usageAt < USAGE_EVERY_MS) return count;
    const today = new Date(now - AUDIT_LAG_MS).toISOString().slice(0, 10);
    const usage = () => backlog.usage(today, AT_A_TIME);
    for (let lacked = await usage(); lacked.length > 0; lacked = await usage()) {
      for (const each of lacked) await tellUsage(this.#parts, each);
      await this.#mark(lacked);
      count += lacked.length;
    }
    this.#usageAt = now;
    return count;
  }

  async #mark(marks: readonly Mark[]): Promise<void> {
    await this.#parts.backlog.mark(marks, new Date());
  }

  async #pause(ms: number, mayWake: boolean): Promise<void> {
    const { signal } = this.#stopping;
    const over = mayWake ? AbortSignal.any([signal, this.#woken.signal]) : signal;
    // Ends early when it is aborted, which is no failure.
    await sleep(ms, undefined, { signal: over }).catch(() => undefined);
    if (mayWake && this.#woken.signal.aborted) await sleep(GATHER_MS, undefined, { signal }).catch(() => undefined);
    // What changes from now on is looked for again.
    this.#woken = new AbortController();
  }
}

function nameOf({ tenant, subject }: Mark): string {
  return `${tenant} ${subject}`;
}

async function unlessRefused<T>(refused: string[], { subject }: Mark, tell: () => Promise<T>): Promise<T | undefined> {
  try {
    return await tell();
  } catch (error) {
    // What concerns all, such as a server that is away, ends the pass.
    if (!(error instanceof StockcastError) || error.retryable) throw error;
    refused.push(`${subject}: ${error.message}`);
    return undefined;
  }
}
