import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  type BackfillInput,
  type BackfillProgress,
  FAILED_QUERY,
  type FailedPartitions,
  PAUSE_SIGNAL,
  RESUME_SIGNAL,
  RETRY_INPUT_QUERY,
} from '../domain/backfill.ts';
import type { DriftProgress } from '../domain/drift.ts';
import type { SearchProgress } from '../domain/parameter-search.ts';
import type { ScoringProgress } from '../domain/scoring.ts';
import { ACCEPT_UPDATE, type Acceptance, CORRECT_UPDATE, type Correction, PARKED_SIGNAL } from '../domain/parking.ts';
import {
  APPROVALS_QUERY,
  APPROVE_UPDATE,
  PROGRESS_QUERY,
  type PendingApproval,
  type PoolProgress,
  type TickerProgress,
  type UniverseProgress,
  type Verdict,
} from '../domain/run.ts';

/** Answered by `trainTicker`. */
export const progressQuery = defineQuery<TickerProgress>(PROGRESS_QUERY);

/** Answered by `trainUniverse`. */
export const universeProgressQuery = defineQuery<UniverseProgress>(PROGRESS_QUERY);

/** Answered by `trainPool`. */
export const poolProgressQuery = defineQuery<PoolProgress>(PROGRESS_QUERY);

/** Answered by `searchParameters`. */
export const searchProgressQuery = defineQuery<SearchProgress>(PROGRESS_QUERY);

/** Answered by `scoreForecasts`. */
export const scoringProgressQuery = defineQuery<ScoringProgress>(PROGRESS_QUERY);

/** Answered by `monitorDrift`. */
export const driftProgressQuery = defineQuery<DriftProgress>(PROGRESS_QUERY);

/** Answered by `trainTicker`: the decisions that wait for a person. */
export const approvalsQuery = defineQuery<readonly PendingApproval[]>(APPROVALS_QUERY);

/** A person's verdict on one of them. */
export const approveUpdate = defineUpdate<void, [Verdict]>(APPROVE_UPDATE);

/** Lets a parked `trainTicker` start over on corrected prices. */
export const correctUpdate = defineUpdate<void, [Correction]>(CORRECT_UPDATE);

/** Lets a parked `trainTicker` go on as it is. */
export const acceptUpdate = defineUpdate<void, [Acceptance]>(ACCEPT_UPDATE);

/** Sent to `trainUniverse` by a `trainTicker` of its own that is parked: its ticker. */
export const parkedSignal = defineSignal<[string]>(PARKED_SIGNAL);
/** Answered by `backfill`. */
export const backfillProgressQuery = defineQuery<BackfillProgress>(PROGRESS_QUERY);

/** Answered by `backfill`: the partitions that failed, at most 1,000 from an offset on. */
export const failedQuery = defineQuery<FailedPartitions, [offset?: number]>(FAILED_QUERY);

/** Answered by `backfill`: the input of one that makes what failed. */
export const retryInputQuery = defineQuery<BackfillInput>(RETRY_INPUT_QUERY);

/** Lets a `backfill` finish what is under way and begin nothing more. Signals, since none is lost when it continues as new. */
export const pauseSignal = defineSignal(PAUSE_SIGNAL);

/** Lets a `backfill` that was paused go on. */
export const resumeSignal = defineSignal(RESUME_SIGNAL);
