import { QueryNotRegisteredError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { BACKFILL } from '../domain/backfill.ts';
import { type DriftProgress, MONITOR_DRIFT } from '../domain/drift.ts';
import { StockcastError } from '../domain/errors.ts';
import {
  PROGRESS_QUERY,
  type PoolProgress,
  SEARCH_PARAMETERS,
  TRAIN_POOL,
  TRAIN_TICKER,
  type TickerProgress,
  type UniverseProgress,
} from '../domain/run.ts';
import type { SearchProgress } from '../domain/parameter-search.ts';
import { JUDGE_EXPERIMENTS } from '../domain/experiment.ts';
import { SCORE_FORECASTS, type ScoringProgress } from '../domain/scoring.ts';
import { parkedState } from './parked-state.ts';
import type { TickerState } from './run-view.ts';
import type { TemporalGateway } from './temporal-gateway.ts';

const QUERY_DEADLINE_MS = 3000;

/** How far each ticker of a running run is; undefined while no worker answers, since queries need one. */
export async function progressOf(
  temporal: TemporalGateway,
  runId: string,
  workflow: string,
): Promise<TickerState[] | undefined> {
  if (workflow === TRAIN_TICKER) {
    const progress = await queryProgress<TickerProgress>(temporal, runId);
    return progress && [{ ticker: progress.ticker, status: 'running', run_id: runId, ...standOf(progress) }];
  }
  // Its partitions are too many for a list of tickers: it is asked as a backfill.
  if (workflow === BACKFILL) return undefined;
  if (workflow === TRAIN_POOL) return poolState(temporal, runId);
  if (workflow === SEARCH_PARAMETERS) return searchState(temporal, runId);
  if (workflow === SCORE_FORECASTS) return wholeState<ScoringProgress>(temporal, runId, 'score');
  if (workflow === MONITOR_DRIFT) return wholeState<DriftProgress>(temporal, runId, 'drift');
  // Over in a moment, and says nothing meanwhile.
  if (workflow === JUDGE_EXPERIMENTS) return [];
  const progress = await queryProgress<UniverseProgress>(temporal, runId);
  if (progress === undefined) return undefined;
  const running = await Promise.all(
    progress.running.map(async ({ ticker, workflowId }): Promise<TickerState> => {
      const child = await queryProgress<TickerProgress>(temporal, workflowId);
      return {
        ticker,
        status: 'running',
        run_id: workflowId,
        ...(child === undefined ? {} : standOf(child)),
      };
    }),
  );
  const done = progress.done.map(
    ({ ticker, status, workflowId, code, message }): TickerState => ({
      ticker,
      status,
      run_id: workflowId,
      ...(code === undefined ? {} : { failure: { code, message: message ?? code } }),
    }),
  );
  const waiting = progress.waiting.map((ticker): TickerState => ({ ticker, status: 'waiting' }));
  const pool =
    progress.poolWorkflowId === undefined ? [] : ((await poolState(temporal, progress.poolWorkflowId)) ?? []);
  return [...pool, ...[...done, ...running, ...waiting].sort((a, b) => (a.ticker < b.ticker ? -1 : 1))];
}

function standOf({
  stages,
  awaiting = [],
  parked,
}: TickerProgress): Pick<TickerState, 'stages' | 'awaiting_approval' | 'parked'> {
  return {
    stages,
    ...(awaiting.length === 0
      ? {}
      : { awaiting_approval: awaiting.map(({ horizon, kind }) => ({ horizon, model: kind })) }),
    ...(parked === undefined ? {} : { parked: parkedState(parked) }),
  };
}

/** The pooled models as one more line of progress, under a name that no ticker has. */
async function poolState(temporal: TemporalGateway, runId: string): Promise<TickerState[] | undefined> {
  const progress = await queryProgress<PoolProgress>(temporal, runId);
  if (progress === undefined) return undefined;
  const { done, total } = progress;
  const status = done < total ? 'running' : 'done';
  return [{ ticker: 'pool', status: 'running', run_id: runId, stages: [{ stage: 'train', status, done, total }] }];
}

/** A search by itself, its trials as units of work. */
async function searchState(temporal: TemporalGateway, runId: string): Promise<TickerState[] | undefined> {
  const progress = await queryProgress<SearchProgress>(temporal, runId);
  if (progress === undefined) return undefined;
  const { ticker, done, total } = progress;
  const stages = [{ stage: 'search' as const, status: 'running' as const, done, total }];
  return [{ ticker, status: 'running', run_id: runId, stages }];
}

/** A scoring or a look for drift as one line, under a name that no ticker has where it is of all. */
async function wholeState<Progress extends ScoringProgress | DriftProgress>(
  temporal: TemporalGateway,
  runId: string,
  stage: 'score' | 'drift',
): Promise<TickerState[] | undefined> {
  const progress = await queryProgress<Progress>(temporal, runId);
  if (progress === undefined) return undefined;
  const { ticker = 'all', done, total } = progress;
  const stages = [{ stage, status: 'running' as const, done, total }];
  return [{ ticker, status: 'running', run_id: runId, stages }];
}

/** What a workflow answers to the query `progress`; undefined while no worker answers. */
export async function queryProgress<T>(temporal: TemporalGateway, workflowId: string): Promise<T | undefined> {
  try {
    return await temporal.call(
      (client) => client.workflow.getHandle(workflowId).query<T>(PROGRESS_QUERY),
      QUERY_DEADLINE_MS,
    );
  } catch (error) {
    const unanswered =
      (error instanceof StockcastError && error.code === 'TEMPORAL_UNAVAILABLE') ||
      error instanceof QueryNotRegisteredError ||
      error instanceof WorkflowNotFoundError ||
      error instanceof ServiceError;
    if (unanswered) return undefined;
    throw error;
  }
}
