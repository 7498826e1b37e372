import {
  type WorkflowExecutionDescription,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { SessionDate } from '../domain/bar.ts';
import type { Context, ContextRecord } from '../domain/context.ts';
import { MONITOR_DRIFT, type MonitorDriftInput } from '../domain/drift.ts';
import { StockcastError } from '../domain/errors.ts';
import { failureReason } from '../domain/failure-reason.ts';
import {
  QUEUES,
  type RunAttribute,
  TRAIN_TICKER,
  TRAIN_UNIVERSE,
  type TrainTickerInput,
  type TrainUniverseInput,
  type TrainUniverseResult,
  failedOf,
  runAttributes,
} from '../domain/run.ts';
import { JUDGE_EXPERIMENTS, type JudgeExperimentsInput } from '../domain/experiment.ts';
import { INGEST_PRICES, RETRAIN } from '../domain/scheduled-run.ts';
import { SCORE_FORECASTS, type ScoreForecastsInput } from '../domain/scoring.ts';
import { type TrainingWish, newestPool, planTicker, trainingPlan } from './planning.ts';
import { progressOf } from './run-progress.ts';
import type { PendingRetry, RunStatus, RunView, StartedRun } from './run-view.ts';
import type { Services } from './services.ts';
import type { TemporalGateway } from './temporal-gateway.ts';
import { type UniverseRequest, planUniverseTraining } from './universe-training.ts';
import { vantageOf } from './vantages.ts';

/**
 * Starts training one ticker, or joins the run that does the same, or did and whose outcome is still in force. Without
 * `asOf` the run is live: what it promotes may serve.
 * @throws StockcastError TICKER_UNKNOWN, TOO_FEW_SESSIONS, MODEL_KIND_UNKNOWN, DATE_INVALID, TEMPORAL_UNAVAILABLE
 */
export async function startTickerTraining(
  services: Services,
  temporal: TemporalGateway,
  context: Context,
  ticker: string,
  wish: TrainingWish,
  asOf?: SessionDate,
): Promise<StartedRun> {
  const plan = trainingPlan(wish);
  const vantage = vantageOf(context, asOf);
  const live = asOf === undefined;
  const { pooled, ...pool } = await newestPool(services, context, { plan, vantage, live });
  const request = { ticker, vantage, plan, live, ...pool };
  const { workflowId, lastSession, stands } = await planTicker(services, context, request);
  const input: TrainTickerInput = { version: 1, context: record(context), ticker, vantage, plan, live, pooled };
  const attributes = runAttributes({ ticker, asOf: lastSession, stage: 'waiting' });
  return start(temporal, TRAIN_TICKER, workflowId, stands, input, attributes);
}

/**
 * Starts training many tickers (default: all known), or joins an equal run as for one ticker. Tickers that cannot be
 * trained fail alone, inside the run.
 * @throws StockcastError TICKER_UNKNOWN when a ticker has no prices at all, or none is known
 */
export async function startUniverseTraining(
  services: Services,
  temporal: TemporalGateway,
  context: Context,
  request: UniverseRequest,
  wish: TrainingWish,
): Promise<StartedRun> {
  const { workflowId, stands, asOf, input } = await planUniverseTraining(services, context, request, wish);
  return start(temporal, TRAIN_UNIVERSE, workflowId, stands, input, runAttributes({ asOf, stage: 'waiting' }));
}

/**
 * What can be said of a run now.
 * @throws StockcastError RUN_UNKNOWN, TEMPORAL_UNAVAILABLE
 */
export async function describeRun(temporal: TemporalGateway, context: Context, runId: string): Promise<RunView> {
  const description = await descriptionOf(temporal, context, runId);
  const status = statusOf(description);
  const view = {
    run_id: runId,
    workflow: description.type,
    status,
    started_at: description.startTime.toISOString(),
    closed_at: description.closeTime?.toISOString() ?? null,
    ui: temporal.uiLink(runId),
  };
  if (status === 'running') {
    const progress = await progressOf(temporal, runId, description.type);
    return { ...view, ...(progress === undefined ? {} : { progress }), retrying: retriesOf(description) };
  }
  // What the parts of a run hand to it is nothing that people ask for.
  const told = [
    ...[TRAIN_TICKER, TRAIN_UNIVERSE, SCORE_FORECASTS, MONITOR_DRIFT, JUDGE_EXPERIMENTS],
    ...[INGEST_PRICES, RETRAIN],
  ];
  if (status === 'completed' && !told.includes(description.type)) return view;
  try {
    const result = await temporal.call((client) => client.workflow.getHandle(runId).result());
    return { ...view, result: result as NonNullable<RunView['result']> };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return { ...view, failure: failureReason(error) };
  }
}

/**
 * Which workflow a run is and how it stands, without asking it.
 * @throws StockcastError RUN_UNKNOWN, TEMPORAL_UNAVAILABLE
 */
export async function standingOf(
  temporal: TemporalGateway,
  context: Context,
  runId: string,
): Promise<Pick<RunView, 'workflow' | 'status'>> {
  const description = await descriptionOf(temporal, context, runId);
  return { workflow: description.type, status: statusOf(description) };
}

/** Asks a run to stop; what it is doing is stopped too. */
export async function cancelRun(temporal: TemporalGateway, context: Context, runId: string): Promise<void> {
  if (runId.split('/')[1] !== context.tenant) throw new StockcastError('RUN_UNKNOWN', { run: runId });
  await withRun(runId, () => temporal.call((client) => client.workflow.getHandle(runId).cancel()));
}

/** A line of the list of runs. */
export interface RunSummary {
  readonly run_id: string;
  readonly workflow: string;
  readonly status: RunStatus;
  /** Where it is, or was when it ended, as the search attribute says; null before that is set. */
  readonly stage: string | null;
  readonly started_at: string;
  readonly closed_at: string | null;
}

/** The newest runs of the tenant, newest first. */
export async function listRuns(temporal: TemporalGateway, context: Context, limit: number): Promise<RunSummary[]> {
  const { tenant } = context;
  const shown = ['train', 'train-universe', 'score', 'drift', 'judge-experiments'];
  const named = shown.map((name) => `WorkflowId STARTS_WITH "${name}/${tenant}/"`).join(' OR ');
  // A run that went on as a new execution is listed as that one.
  const query = `(${named}) AND ExecutionStatus != "ContinuedAsNew"`;
  return listRunsWith(temporal, query, limit);
}

/** The newest runs that a query of Temporal's visibility finds. */
export function listRunsWith(temporal: TemporalGateway, query: string, limit: number): Promise<RunSummary[]> {
  return temporal.call(async (client) => {
    const runs: RunSummary[] = [];
    for await (const run of client.workflow.list({ query, pageSize: limit })) {
      const { workflowId, type, startTime, closeTime, searchAttributes } = run;
      runs.push({
        run_id: workflowId,
        workflow: type,
        status: statusOf(run),
        stage: searchAttributes.StockcastStage?.[0]?.toString() ?? null,
        started_at: startTime.toISOString(),
        closed_at: closeTime?.toISOString() ?? null,
      });
      if (runs.length >= limit) break;
    }
    return runs;
  });
}

async function descriptionOf(
  temporal: TemporalGateway,
  { tenant }: Context,
  runId: string,
): Promise<WorkflowExecutionDescription> {
  if (runId.split('/')[1] !== tenant) throw new StockcastError('RUN_UNKNOWN', { run: runId });
  return withRun(runId, () => temporal.call((client) => client.workflow.getHandle(runId).describe()));
}

/**
 * Starts a workflow under an id, or joins the run that has it: one that is under way, and where what it did `stands` one
 * that has completed.
 * @throws StockcastError TEMPORAL_UNAVAILABLE
 */
export async function start(
  temporal: TemporalGateway,
  workflow: string,
  workflowId: string,
  stands: boolean,
  input: TrainTickerInput | TrainUniverseInput | ScoreForecastsInput | MonitorDriftInput | JudgeExperimentsInput,
  typedSearchAttributes: RunAttribute[],
): Promise<StartedRun> {
  const ui = temporal.uiLink(workflowId);
  const startWith = (workflowIdReusePolicy: WorkflowIdReusePolicy) =>
    temporal.call((client) =>
      client.workflow.start(workflow, {
        workflowId,
        taskQueue: QUEUES.orchestration,
        args: [input],
        workflowIdReusePolicy,
        typedSearchAttributes,
      }),
    );
  const started: StartedRun = { run_id: workflowId, status: 'running', joined: false, ui };
  try {
    const { ALLOW_DUPLICATE, ALLOW_DUPLICATE_FAILED_ONLY } = WorkflowIdReusePolicy;
    await startWith(stands ? ALLOW_DUPLICATE_FAILED_ONLY : ALLOW_DUPLICATE);
    return started;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  const status = statusOf(await temporal.call((client) => client.workflow.getHandle(workflowId).describe()));
  const failed = await failedTickers(temporal, workflowId, { workflow, status });
  if (failed.length > 0) {
    // What failed may have been mended since; tickers that were trained are joined, not trained again.
    try {
      await startWith(WorkflowIdReusePolicy.ALLOW_DUPLICATE);
      return started;
    } catch (error) {
      // Somebody else asked again a moment before.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return { run_id: workflowId, status: 'running', joined: true, ui };
    }
  }
  return { run_id: workflowId, status, joined: true, ui };
}

/** The tickers that failed in a run of many that completed all the same; none of other runs. */
export async function failedTickers(
  temporal: TemporalGateway,
  runId: string,
  { workflow, status }: Pick<RunView, 'workflow' | 'status'>,
): Promise<readonly string[]> {
  if (workflow !== TRAIN_UNIVERSE || status !== 'completed') return [];
  const result: TrainUniverseResult = await temporal.call((client) => client.workflow.getHandle(runId).result());
  return failedOf(result).map(({ ticker }) => ticker);
}

function record({ tenant, principal }: Context): ContextRecord {
  return { tenant, principal };
}

async function withRun<T>(run: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw new StockcastError('RUN_UNKNOWN', { run }, { cause: error });
    throw error;
  }
}

const STATUSES: Readonly<Record<string, RunStatus>> = {
  RUNNING: 'running',
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed_out',
  CONTINUED_AS_NEW: 'running',
};

function statusOf(execution: { readonly status: { readonly name: string } }): RunStatus {
  return STATUSES[execution.status.name] ?? 'unknown';
}

function retriesOf(description: WorkflowExecutionDescription): PendingRetry[] {
  return (description.raw.pendingActivities ?? []).flatMap((pending) =>
    pending.lastFailure
      ? [
          {
            activity: pending.activityType?.name ?? '?',
            attempt: pending.attempt ?? 1,
            last_failure: pending.lastFailure.message ?? '?',
          },
        ]
      : [],
  );
}
