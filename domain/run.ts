import type { SessionDate, Vantage } from './bar.ts';
import type { ContextRecord } from './context.ts';
import type { Horizon } from './horizon.ts';
import type { Json } from './identity.ts';
import type { TrainingWindow } from './model-version.ts';
import type { SearchPlan } from './parameter-search.ts';
import type { Mending, Parked, ParkingPolicy } from './parking.ts';

/** What to train and how: the part of a request that, with the data, decides the outcome. */
export interface TrainingPlan {
  readonly horizons: readonly Horizon[];
  readonly kinds: readonly string[];
  /** Those of them that have nothing to learn; absent from plans that earlier versions made. */
  readonly baselines?: readonly string[];
  /** Those of them that adopt a model which was fitted on many tickers at once. */
  readonly pooledKinds: readonly string[];
  /** Those of them that combine others, with the names of these. */
  readonly members: { readonly [kind: string]: readonly string[] };
  readonly window: TrainingWindow;
  /** Whether candidates learn returns over their forecast volatility. */
  readonly scaleTargets: boolean;
  /** Sessions left out between training labels and the first forecast, beyond the horizon. */
  readonly embargo: number;
  readonly seed: number;
  /** Whether a person must approve before another model serves. */
  readonly requireApproval: boolean;
  /** Parameters that differ from a kind's defaults, by kind. */
  readonly parameters: { readonly [kind: string]: Json };
  /** What to search parameters of before training; absent: nothing, so that older plans keep their identity. */
  readonly search?: SearchPlan;
  /** What the run does where a person could mend it; absent in older plans: it fails. */
  readonly parking?: ParkingPolicy;
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
  /** How many tickers the run that this one belongs to decides about; 1 when absent. */
  readonly nTickers?: number;
  /** The pooled models that the ticker may adopt; without any, pooled kinds are left out. */
  readonly pooled?: readonly PooledModel[];
  /** What was mended before the run started over. */
  readonly mended?: readonly Mending[];
  /** Whether models and evaluations that are there already are made again; absent: they are taken as they are. */
  readonly again?: boolean;
}

/** A model that was fitted on many tickers at once. */
export interface PooledModel {
  readonly kind: string;
  readonly horizon: Horizon;
  readonly modelId: string;
}

/** Input of the workflow `trainPool`. */
export interface TrainPoolInput {
  readonly version: 1;
  readonly context: ContextRecord;
  readonly tickers: readonly string[];
  readonly vantage: Vantage;
  readonly plan: TrainingPlan;
}

/** Result of `trainPool`; tickers that could not be read are left out of the pool, with the reason in the notes. */
export interface TrainPoolResult {
  readonly models: readonly PooledModel[];
  readonly notes: readonly string[];
}

/** Why a candidate is left out of a ticker's run, which goes on without it: error codes. */
export const LEAVES_OUT: readonly string[] = ['TOO_FEW_SESSIONS', 'NOT_IN_POOL'];

/** Answer of the query `progress` of `trainPool`. */
export interface PoolProgress {
  readonly done: number;
  readonly total: number;
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
  /** What is fitted on all tickers at once, named by everything that decides it; absent when the plan has no pooled kind. */
  readonly pool?: { readonly id: string; readonly tickers: readonly string[] };
  /** Carried over by continue-as-new. */
  readonly pooled?: readonly PooledModel[];
  /** How many tickers are worked on at a time. */
  readonly maxInFlight: number;
  /** Outcomes carried over by continue-as-new. */
  readonly done?: readonly TickerOutcome[];
  /** What was said of the pooled models, carried over likewise. */
  readonly notes?: readonly string[];
}

/** The stages of a ticker's run in their order; `search` is one only where a search was asked for. */
export const STAGES = ['ingest', 'preprocess', 'search', 'train', 'evaluate', 'promote', 'forecast'] as const;
export type StageName = (typeof STAGES)[number];

/** How far one stage is, in units of work (a search, a model fitted, a model evaluated). */
export interface StageProgress<Name extends string = StageName> {
  readonly stage: Name;
  readonly status: 'waiting' | 'running' | 'done' | 'failed';
  readonly done: number;
  readonly total: number;
}

/** Answer of the query `progress` of `trainTicker`. */
export interface TickerProgress {
  readonly ticker: string;
  readonly stages: readonly StageProgress[];
  /** What waits for a person's verdict: the kind that is to serve, by horizon. Absent in older runs: nothing does. */
  readonly awaiting?: readonly { readonly horizon: Horizon; readonly kind: string }[];
  /** Why it is parked, while it is. */
  readonly parked?: Parked;
}

/** What the gate decided for one horizon, before it is in force. */
export interface PromotionDecision {
  readonly horizon: Horizon;
  readonly modelId: string;
  readonly kind: string;
  /** Whether naive is to serve because no candidate passed. */
  readonly fallback: boolean;
  readonly certificateId: string;
  readonly reasons: readonly string[];
  /** What is in production now. */
  readonly serving?: ChosenModel;
  /** What serves when a person rejects the decision: what does now, else naive. */
  readonly otherwise: ChosenModel;
}

/** A model as a decision names it. */
export interface ChosenModel {
  readonly modelId: string;
  readonly kind: string;
  readonly certificateId?: string;
}

/** What a person says to a decision: argument of the Update `approvePromotion` of `trainTicker`. */
export interface Verdict {
  readonly horizon: Horizon;
  readonly approve: boolean;
  readonly by: string;
  readonly reason: string;
}

/** A decision that waits for a person's verdict; answer of the query `approvals`. */
export interface PendingApproval {
  readonly ticker: string;
  readonly decision: PromotionDecision;
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
  readonly notes?: readonly string[];
}

/** A ticker that failed in a run of many. */
export type FailedTicker = Pick<TickerOutcome, 'ticker' | 'code'>;

/** Those that failed in a run of many that completed all the same. */
export function failedOf({ outcomes }: TrainUniverseResult): FailedTicker[] {
  return outcomes.flatMap(({ ticker, status, code }) =>
    status === 'failed' ? [{ ticker, ...(code === undefined ? {} : { code }) }] : [],
  );
}

/** Answer of the query `progress` of `trainUniverse`: who waits, who is under way (by workflow id), who is done. */
export interface UniverseProgress {
  readonly waiting: readonly string[];
  readonly running: readonly { readonly ticker: string; readonly workflowId: string }[];
  /** The run that fits the pooled models, while it is under way. */
  readonly poolWorkflowId?: string;
  readonly done: readonly TickerOutcome[];
}

/** Names by which clients address the workflows. */
export const TRAIN_TICKER = 'trainTicker';
export const TRAIN_UNIVERSE = 'trainUniverse';
export const TRAIN_POOL = 'trainPool';
export const SEARCH_PARAMETERS = 'searchParameters';

/** The stage, as a search attribute, of a run that waits for a person's verdict. */
export const AWAITING_APPROVAL = 'awaiting-approval';
export const PROGRESS_QUERY = 'progress';
export const APPROVALS_QUERY = 'approvals';
export const APPROVE_UPDATE = 'approvePromotion';

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
