import type { RunView, TickerState } from '../../serving/run-view.ts';

/**
 * Remembers the stages of each ticker of a run that is watched: a worker that is busy lets a question about one go
 * unanswered, and a ticker is then no less far than it was.
 */
export class LastKnown {
  readonly #states = new Map<string, TickerState>();

  /** The run with what was known last of tickers that did not answer this time. */
  fill(run: RunView): RunView {
    if (run.progress === undefined) return run;
    return { ...run, progress: run.progress.map((state) => this.#filled(state)) };
  }

  #filled(state: TickerState): TickerState {
    if (state.status !== 'running') return state;
    if (state.stages === undefined) return { ...this.#states.get(state.ticker), ...state };
    this.#states.set(state.ticker, state);
    return state;
  }
}
