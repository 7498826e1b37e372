import type { Context } from '../../domain/context.ts';
import type { Experiment, ExperimentLook, RunningLine } from '../../domain/experiment.ts';

/** How an experiment ended. */
export type ExperimentEnd = Required<Pick<Experiment, 'state' | 'reasons' | 'endedAt'>>;

/** Challengers held against what serves. One experiment at a time runs for a ticker and horizon. */
export interface ExperimentStore {
  /** Enters a running experiment; where another runs for one of its tickers nothing is entered, and its id returned. */
  start(context: Context, experiment: Experiment): Promise<string | undefined>;
  find(context: Context, id: string): Promise<Experiment | undefined>;
  /** Newest first, at most `limit`; running ones alone where `running` is set. */
  list(context: Context, asked: { readonly limit: number; readonly running?: boolean }): Promise<Experiment[]>;
  /** Ids of all that run, oldest first. */
  running(context: Context): Promise<string[]>;
  /** Adds what was found at a look of a running one; a look at as many sessions that is there already stays. */
  noteLook(context: Context, id: string, look: ExperimentLook): Promise<void>;
  /** Ends a running one; one that has ended stays as it is. */
  end(context: Context, id: string, how: ExperimentEnd): Promise<void>;
  /** Every line, of all tenants, that runs and whose champion serves still. */
  runningLines(): Promise<RunningLine[]>;
}
