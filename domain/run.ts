import type { SessionDate, Vantage } from './bar.ts';
import type { ContextRecord } from './context.ts';
import type { Horizon } from './horizon.ts';
import type { Json } from './identity.ts';
import type { TrainingWindow } from './model-version.ts';

/** What to train and how: the part of a request that, with the data, decides the outcome. */
export interface TrainingPlan {
  readonly horizons: readonly Horizon[];
  readonly kinds: readonly string[];
  readonly window: TrainingWindow;
  readonly seed: number;
  /** Parameters that differ from a kind's defaults, by kind. */
  readonly parameters: { readonly [kind: string]: Json };
}

/** Input of the workflow `trainTicker`. */
export interface TrainTickerInput {
  readonly version: 1;
  readonly context: ContextRecord;
  readonly ticker: string;
  readonly vantage: Vantage;
  readonly plan: TrainingPlan;
  /** Whether what it promotes may serve: false when an as-of date was asked for. Absent in older inputs: true. */
  readonly live?: boolean;
}

/** Input of the workflow `trainUniverse`. */
export interface TrainUniverseInput {
  readonly version: 1;
  readonly context: ContextRecord;
  readonly tickers: readonly string[];
  readonly vantage: Vantage;
  readonly plan: TrainingPlan;
  /** As in `TrainTickerInput`. */
  readonly live?: boolean;
  /** How many tickers are worked on at a time. */
  readonly maxInFlight: number;
  /** Outcomes carried over by continue-as-new. */
  readonly done?: readonly TickerOutcome[];
}

export const STAGES = ['ingest', 'preprocess', 'train', 'evaluate', 'promote', 'forecast'] as const;
export type StageName = (typeof STAGES)[number];

/** How far one stage is, in units of work (a model fitted, a model evaluated). */
export interface StageProgress {
  readonly stage: StageName;
  readonly status: 'waiting' | 'running' | 'done' | 'failed';
  readonly done: number;
  readonly total: number;
}

/** Answer of the query `progress` of `trainTicker`. */
export interface TickerProgress {
  readonly ticker: string;
  readonly stages: readonly StageProgress[];
}

/** What a `trainTicker` promoted for one horizon. */
export interface PromotionOutcome {
  readonly horizon: Horizon;
  readonly modelId: string;
  readonly kind: string;
  readonly movedLive: boolean;
}

/** Result of `trainTicker`. */
export interface TrainTickerResult {
  readonly ticker: string;
  readonly asOf: SessionDate;
  readonly datasetId: string;
  readonly promotions: readonly PromotionOutcome[];
  readonly notes: readonly string[];
}

/** How one ticker of a universe ended. */
export interface TickerOutcome {
  readonly ticker: string;
  readonly status: 'completed' | 'failed';
  readonly workflowId: string;
  /** Error code and message of a failed ticker. */
  readonly code?: string;
  readonly message?: string;
}

/** Result of `trainUniverse`; the figures themselves are in the registry, the ledger and the forecast store. */
export interface TrainUniverseResult {
  readonly outcomes: readonly TickerOutcome[];
}

/** Answer of the query `progress` of `trainUniverse`: who waits, who is under way (by workflow id), who is done. */
export interface UniverseProgress {
  readonly waiting: readonly string[];
  readonly running: readonly { readonly ticker: string; readonly workflowId: string }[];
  readonly done: readonly TickerOutcome[];
}

/** Names by which clients address the workflows. */
export const TRAIN_TICKER = 'trainTicker';
export const TRAIN_UNIVERSE = 'trainUniverse';
export const PROGRESS_QUERY = 'progress';

/** Task queues, by what their work needs. */
export const QUEUES = { orchestration: 'stockcast', data: 'stockcast-data', training: 'stockcast-training' } as const;

/** Search attributes that runs carry, all of type Keyword. */
export const SEARCH_ATTRIBUTES = ['StockcastTicker', 'StockcastAsOf', 'StockcastStage', 'StockcastVerdict'] as const;

/** A search attribute of type Keyword, in the form that Temporal's client and workflow APIs take. */
export interface RunAttribute {
  readonly key: { readonly name: string; readonly type: 'KEYWORD' };
  readonly value: string;
}

/** The search attributes of a run from their plain values; those left out stay as they are. */
export function runAttributes(values: {
  readonly ticker?: string;
  readonly asOf?: SessionDate;
  readonly stage?: string;
  readonly verdict?: string;
}): RunAttribute[] {
  const named = [values.ticker, values.asOf, values.stage, values.verdict];
  return SEARCH_ATTRIBUTES.flatMap((name, i) => {
    const value = named[i];
    return value === undefined ? [] : [{ key: { name, type: 'KEYWORD' as const }, value }];
  });
}
