import type { Instant, SessionDate } from './bar.ts';
import type { ContextRecord } from './context.ts';
import type { Horizon } from './horizon.ts';
import type { Json } from './identity.ts';
import type { SearchRecord, TrainingWindow } from './model-version.ts';

/** How much a search for parameters may try, for each ticker, horizon and kind. */
export interface SearchBudget {
  /** Settings to try, the defaults among them. */
  readonly trials: number;
  /** Ends the search early, which can then not be repeated exactly. */
  readonly maxSeconds?: number;
}

/** What to search: how much, and the kinds whose parameters are looked for. */
export interface SearchPlan extends SearchBudget {
  readonly kinds: readonly string[];
}

/** What a search looks for parameters of, and on which data. */
export interface SearchTask {
  readonly kind: string;
  readonly horizon: Horizon;
  readonly window: TrainingWindow;
  readonly scaleTargets: boolean;
  readonly embargo: number;
  readonly seed: number;
  /** Parameters that are given: they are not searched. */
  readonly parameters: Json;
  readonly featureSet: string;
  readonly data: { readonly ticker: string; readonly datasetId: string; readonly featuresKey: string };
}

/** A search by the hash of all that decides its trials, which is not how many there are: more can be added later. */
export interface PlannedSearch {
  readonly searchId: string;
  /** The newest session that it sees. */
  readonly until: SessionDate;
}

/** One setting tried: a run of its own, kept for ever. */
export interface Trial {
  readonly searchId: string;
  /** From 0, the defaults. */
  readonly number: number;
  readonly ticker: string;
  readonly horizon: Horizon;
  readonly kind: string;
  /** All parameters, those not searched included. */
  readonly parameters: Json;
  readonly seed: number;
  /** The newest session that it saw. */
  readonly until: SessionDate;
  /** `failed`: no finite loss came of it, or an error; `cancelled`: it was called off, by a time cap for example. */
  readonly status: 'running' | 'finished' | 'failed' | 'cancelled';
  /** How often it was begun; more than once when a worker died in the midst of it. */
  readonly attempts: number;
  /** Of finished trials; lower is better. */
  readonly loss?: number;
  /** Of failed trials. */
  readonly problem?: string;
  /** When it was begun last. */
  readonly startedAt: Instant;
  readonly endedAt?: Instant;
}

/** What came of a trial; without a loss, it can't be chosen. */
export interface TrialResult {
  readonly number: number;
  readonly parameters: Json;
  readonly loss?: number;
}

/** Input of the workflow `searchParameters`. */
export interface SearchParametersInput {
  readonly version: 1;
  readonly context: ContextRecord;
  readonly task: SearchTask;
  readonly budget: SearchBudget;
}

/** Result of `searchParameters`: what to train with, and what the choice rests on. */
export interface SearchParametersResult {
  readonly parameters: Json;
  /** Absent when the history was too short to search in: the parameters are then those given. */
  readonly record?: SearchRecord;
  /** Absent when no trial came to a loss. */
  readonly best?: BestTrial;
}

/** The trial that is ahead. */
interface BestTrial {
  readonly trial: number;
  readonly loss: number;
}

/** Answer of the query `progress` of `searchParameters`. */
export interface SearchProgress {
  readonly ticker: string;
  readonly done: number;
  readonly total: number;
  readonly best?: BestTrial;
}

/** The trial with the lowest loss, the first of equals; undefined when none has one. */
export function bestTrial(results: readonly TrialResult[]): (TrialResult & { readonly loss: number }) | undefined {
  let best: (TrialResult & { readonly loss: number }) | undefined;
  for (const { loss, ...result } of [...results].sort((a, b) => a.number - b.number)) {
    if (loss !== undefined && (best === undefined || loss < best.loss)) best = { ...result, loss };
  }
  return best;
}

/** What was tried for several models together, as for an ensemble's members; undefined when nothing was. */
export function jointSearch(records: readonly SearchRecord[]): SearchRecord | undefined {
  const [first] = records;
  if (first === undefined) return undefined;
  return {
    trials: records.reduce((sum, { trials }) => sum + trials, 0),
    seed: first.seed,
    until: records
      .map(({ until }) => until)
      .sort()
      .at(-1)!,
    cutShort: records.some(({ cutShort }) => cutShort),
  };
}
