import type { MonitorDriftResult } from '../domain/drift.ts';
import type { JudgeExperimentsResult } from '../domain/experiment.ts';
import type { FailureReason } from '../domain/failure-reason.ts';
import type { Horizon } from '../domain/horizon.ts';
import type { StageName, StageProgress, TickerOutcome, TrainTickerResult, TrainUniverseResult } from '../domain/run.ts';
import type { IngestPricesResult, RetrainResult } from '../domain/scheduled-run.ts';
import type { ScoreForecastsResult } from '../domain/scoring.ts';
import type { ParkedState } from './parked-state.ts';

export type RunStatus = 'running' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed_out' | 'unknown';

/** How one ticker of a run is doing. */
export interface TickerState {
  readonly ticker: string;
  readonly status: 'waiting' | 'running' | TickerOutcome['status'];
  readonly run_id?: string;
  /** Of running tickers; a scoring has the one stage `score`, a look for drift `drift`. */
  readonly stages?: readonly StageProgress<StageName | 'score' | 'drift'>[];
  /** Of running tickers: what waits for a person's verdict. */
  readonly awaiting_approval?: readonly { readonly horizon: Horizon; readonly model: string }[];
  /** Of running tickers: why it is parked, while it is. */
  readonly parked?: ParkedState;
  /** Of failed tickers. */
  readonly failure?: FailureReason;
}

/** An activity that is being tried again. */
export interface PendingRetry {
  readonly activity: string;
  readonly attempt: number;
  readonly last_failure: string;
}

/** A run as people and programs are shown it. */
export interface RunView {
  readonly run_id: string;
  readonly workflow: string;
  readonly status: RunStatus;
  readonly started_at: string;
  readonly closed_at: string | null;
  /** Of running runs: how far each ticker is; absent while no worker answers. */
  readonly progress?: readonly TickerState[];
  /** Of running runs: what is failing and being retried now. */
  readonly retrying?: readonly PendingRetry[];
  readonly result?:
    | TrainTickerResult
    | TrainUniverseResult
    | ScoreForecastsResult
    | MonitorDriftResult
    | JudgeExperimentsResult
    | IngestPricesResult
    | RetrainResult;
  readonly failure?: FailureReason;
  /** The run in Temporal's Web UI, where that is known. */
  readonly ui: string | null;
}

/** A run that was asked for. `joined` when an equal run was there already. */
export interface StartedRun {
  readonly run_id: string;
  readonly status: RunStatus;
  readonly joined: boolean;
  readonly ui: string | null;
}
