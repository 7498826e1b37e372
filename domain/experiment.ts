import type { Instant, SessionDate } from './bar.ts';
import type { ContextRecord } from './context.ts';
import type { Horizon } from './horizon.ts';
import type { Promotion } from './model-version.ts';
import { sha256Hex } from './identity.ts';

/** What a challenger does: forecast beside the champion unseen, or answer a share of those who ask. */
export const EXPERIMENT_MODES = ['shadow', 'split'] as const;
export type ExperimentMode = (typeof EXPERIMENT_MODES)[number];

/** By what a split decides who is answered by the challenger. */
export const SPLIT_BY = ['ticker', 'request'] as const;
export type SplitBy = (typeof SPLIT_BY)[number];

export const EXPERIMENT_STATES = ['running', 'promoted', 'kept', 'ended'] as const;
/** `promoted`: the challenger serves; `kept`: the champion does; `ended`: without a verdict, by a person or since something else serves. */
export type ExperimentState = (typeof EXPERIMENT_STATES)[number];

/** A model as an experiment names it. */
export interface Arm {
  readonly modelId: string;
  readonly kind: string;
}

/** The two models of one ticker: what served when the experiment started, and what is held against it. */
export interface ExperimentLine {
  readonly ticker: string;
  readonly champion: Arm;
  readonly challenger: Arm;
}

/** When pairs are looked at and how easily something is found: stated before the first one is known. */
export interface StoppingRule {
  /** Sessions with a pair at each look, ascending, none of which overlap; the last one ends the experiment. */
  readonly looks: readonly number[];
  /** The probability, over all looks, with which a challenger that is no better is ever found to be; so too no worse. */
  readonly alpha: number;
}

/** Of the share of tickers or requests that the challenger answers. */
export interface Split {
  /** In (0, 1]. */
  readonly share: number;
  readonly by: SplitBy;
}

/** What was found at a look. */
export interface ExperimentLook {
  /** Sessions that it rests on. */
  readonly n: number;
  /** The challenger's root mean squared error over the champion's; below 1 is better. */
  readonly rmseRatio: number;
  /** One-sided p of Diebold and Mariano's test: small when the challenger is better, or worse, than chance explains. */
  readonly pBetter: number;
  readonly pWorse: number;
  /** What either had to stay below. */
  readonly level: number;
  readonly at: Instant;
}

/** A challenger held against what serves. */
export interface Experiment {
  readonly id: string;
  readonly horizon: Horizon;
  readonly mode: ExperimentMode;
  /** Of a split. */
  readonly split?: Split;
  readonly rule: StoppingRule;
  /** By ticker. */
  readonly lines: readonly ExperimentLine[];
  readonly state: ExperimentState;
  readonly looks: readonly ExperimentLook[];
  /** Why it ended as it did. */
  readonly reasons: readonly string[];
  readonly startedAt: Instant;
  readonly startedBy: string;
  readonly endedAt?: Instant;
}

/** A line of a running experiment whose champion serves still. */
export interface RunningLine extends ExperimentLine, Pick<Experiment, 'horizon' | 'mode' | 'split'> {
  readonly tenant: string;
  readonly experimentId: string;
}

export const DEFAULT_RULE: StoppingRule = { looks: [20, 40, 80, 160], alpha: 0.05 };

/** Names the entries that an experiment makes in the ledger, in the place of a run. */
export function experimentEntryName({ tenant }: Pick<ContextRecord, 'tenant'>, id: string): string {
  return `experiment/${tenant}/${id}`;
}

type PlacedEntry = Pick<Promotion, 'entry' | 'isRollback' | 'runId'>;

/** Whether an entry of the ledger is an experiment's. */
export function isOfExperiment({ runId }: { readonly runId: string }): boolean {
  return runId.startsWith('experiment/');
}

/**
 * Whether a person or an experiment has put in production what is there, after a run entered otherwise. Asking for that
 * run again is no reason to undo it: what was put out comes back with new data alone.
 */
export function wasPutThereSince(production: PlacedEntry, { entry }: Pick<PlacedEntry, 'entry'>): boolean {
  return (production.isRollback === true || isOfExperiment(production)) && production.entry > entry;
}

// 52 bits: as many as a number holds exactly.
const DIGITS = 13;

/** Whether the challenger answers for a key: the same each time, and for a share of all keys. */
export function isChallenged(experimentId: string, key: string, { share }: Pick<Split, 'share'>): boolean {
  return Number.parseInt(sha256Hex(`${experimentId}/${key}`).slice(0, DIGITS), 16) / 16 ** DIGITS < share;
}

/** Input of the workflow `judgeExperiments`. */
export interface JudgeExperimentsInput {
  readonly version: 1;
  readonly context: ContextRecord;
  /** Only what had matured by the end of that day; default: the day that the run was due. */
  readonly asOf?: SessionDate;
  /** Carried over by continue-as-new. */
  readonly carried?: JudgementCarry;
}

/** How far a `judgeExperiments` is. */
export interface JudgementCarry {
  readonly asOf: SessionDate;
  /** Ids of the experiments that are to be judged yet. */
  readonly left: readonly string[];
  readonly experiments: readonly ExperimentVerdict[];
}

/** What a judgement made of an experiment. */
export interface ExperimentVerdict {
  readonly id: string;
  readonly state: ExperimentState;
  /** Sessions with a pair that counts, so far. */
  readonly pairs: number;
  /** At which it is looked at next; absent when it is over. */
  readonly nextLook?: number;
  readonly reasons: readonly string[];
  /** Why one of its models could not forecast. */
  readonly problems: readonly string[];
}

/** Result of `judgeExperiments`. */
export interface JudgeExperimentsResult {
  readonly asOf: SessionDate;
  readonly experiments: readonly ExperimentVerdict[];
}

/** Name by which clients address the workflow. */
export const JUDGE_EXPERIMENTS = 'judgeExperiments';
