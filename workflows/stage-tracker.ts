import { STAGES, type StageName, type StageProgress } from '../domain/run.ts';

/**
 * Keeps how far each stage of a run is, for the progress query. Stages without a given total count as one unit, except
 * the search, which most runs do without.
 */
export class StageTracker {
  readonly #stages: Map<StageName, StageProgress>;

  constructor(totals: Partial<Record<StageName, number>>) {
    const stages = STAGES.filter((stage) => stage !== 'search' || totals.search !== undefined);
    this.#stages = new Map(
      stages.map((stage) => [stage, { stage, status: 'waiting', done: 0, total: totals[stage] ?? 1 }]),
    );
  }

  start(stage: StageName): void {
    this.#change(stage, { status: 'running' });
  }

  advance(stage: StageName): void {
    this.#change(stage, { done: this.#get(stage).done + 1 });
  }

  finish(stage: StageName): void {
    this.#change(stage, { status: 'done', done: this.#get(stage).total });
  }

  /** Marks whatever was running as failed. */
  fail(): void {
    for (const { stage, status } of this.#stages.values())
      if (status === 'running') this.#change(stage, { status: 'failed' });
  }

  /** The stages in their order. */
  progress(): StageProgress[] {
    return [...this.#stages.values()];
  }

  #get(stage: StageName): StageProgress {
    return this.#stages.get(stage)!;
  }

  #change(stage: StageName, change: Partial<StageProgress>): void {
    this.#stages.set(stage, { ...this.#get(stage), ...change });
  }
}
