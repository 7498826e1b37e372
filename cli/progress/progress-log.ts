import type { RunView, TickerState } from '../../serving/run-view.ts';
import { howToMend, parkedLine } from '../tables/parked-tables.ts';
import { seconds } from './seconds.ts';

/** Tells a run's progress in plain lines, one per ticker whenever one of its stages begins or ends. */
export class ProgressLog {
  readonly #told = new Map<string, string>();

  /** The lines that are new since the last call. */
  news(run: RunView, elapsedMs: number): string[] {
    if (run.progress === undefined) {
      // Later on a worker that is busy lets a question go unanswered, and nothing is waited for.
      return this.#told.size === 0 ? this.#ifNew('', 'waiting for a worker', elapsedMs) : [];
    }
    const states = run.progress.flatMap((state) => this.#ifNew(state.ticker, inWords(state), elapsedMs));
    const retries = (run.retrying ?? []).flatMap(({ activity, attempt, last_failure }) =>
      this.#ifNew(`retry of ${activity}`, `attempt ${attempt}, after ${last_failure}`, elapsedMs),
    );
    return [...states, ...retries];
  }

  #ifNew(subject: string, text: string, elapsedMs: number): string[] {
    if (this.#told.get(subject) === text) return [];
    this.#told.set(subject, text);
    return [`${seconds(elapsedMs).padStart(8)}  ${subject === '' ? '' : `${subject}: `}${text}`];
  }
}

function inWords({ status, stages, failure, ...state }: TickerState): string {
  if (status === 'completed') return 'done';
  if (status === 'failed') return `failed: ${failure?.code ?? ''}: ${failure?.message ?? ''}`;
  if (stages === undefined) return status;
  const begun = stages.filter((stage) => stage.status !== 'waiting');
  const awaiting = (state.awaiting_approval ?? []).map(
    ({ horizon, model }) =>
      `waits for a verdict on ${model} (npx stockcast runs approve ${state.run_id} --horizon ${horizon})`,
  );
  const parked = state.parked === undefined ? [] : [parkedLine(state.parked)];
  const helps = state.parked === undefined ? [] : howToMend(state.run_id ?? '', state.parked);
  const told = [...begun.map((stage) => `${stage.stage} ${stage.status}`), ...awaiting, ...parked];
  if (told.length === 0) return 'starting';
  return [told.join(', '), ...helps.map((line) => `            ${line}`)].join('\n');
}
