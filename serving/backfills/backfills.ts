import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy, WorkflowNotFoundError } from '@temporalio/client';
import {
  BACKFILL,
  type BackfillInput,
  type BackfillProgress,
  type BackfillResult,
  DEFAULT_EVERY,
  DEFAULT_IN_FLIGHT,
  FAILED_QUERY,
  type FailedPartitions,
  PAUSE_SIGNAL,
  RESUME_SIGNAL,
  RETRY_INPUT_QUERY,
} from '../../domain/backfill.ts';
import type { Context } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import { shortHash } from '../../domain/identity.ts';
import { QUEUES, runAttributes } from '../../domain/run.ts';
import { queryProgress } from '../run-progress.ts';
import type { RunStatus, StartedRun } from '../run-view.ts';
import { type RunSummary, cancelRun, describeRun, listRunsWith, standingOf } from '../runs.ts';
import type { Services } from '../services.ts';
import type { TemporalGateway } from '../temporal-gateway.ts';
import { type BackfillView, type FailedAnswer, failedAnswer, standAnswer } from './backfill-view.ts';
import { type BackfillRequest, resolveBackfill } from './plan-backfill.ts';

/** What is asked of a backfill that is to be started. */
export interface BackfillOrder extends BackfillRequest {
  /** Whether partitions that are there are computed again. */
  readonly force?: boolean;
}

/**
 * Starts a backfill, or joins an equal one that is under way. What an earlier one made is there and passed over, so one
 * that has ended is started again under the same id.
 * @throws StockcastError as `resolveBackfill`; TEMPORAL_UNAVAILABLE
 */
export async function startBackfill(
  services: Services,
  temporal: TemporalGateway,
  context: Context,
  order: BackfillOrder,
): Promise<StartedRun> {
  const { tickers, plan } = await resolveBackfill(services, context, order);
  const { from, to, every = DEFAULT_EVERY, wish, force = false, maxInFlight = DEFAULT_IN_FLIGHT } = order;
  const scope = { from, to, every };
  const workflowId = `${BACKFILL}/${context.tenant}/${to}/${shortHash({ tickers, ...scope, plan: { ...plan }, force })}`;
  return start(temporal, workflowId, {
    version: 1,
    context: { tenant: context.tenant, principal: context.principal },
    tickers,
    ...scope,
    ...(wish === undefined ? {} : { wish }),
    maxInFlight,
    ...(force ? { force } : {}),
  });
}

/**
 * How a backfill stands.
 * @throws StockcastError RUN_UNKNOWN, TEMPORAL_UNAVAILABLE
 */
export async function describeBackfill(
  temporal: TemporalGateway,
  context: Context,
  runId: string,
): Promise<BackfillView> {
  await requireBackfill(temporal, context, runId);
  const { progress: _, result: __, ...view } = await describeRun(temporal, context, runId);
  const progress =
    view.status === 'completed'
      ? await atItsEnd(temporal, runId)
      : await queryProgress<BackfillProgress>(temporal, runId);
  return { ...view, ...(progress === undefined ? {} : { progress: standAnswer(progress) }) };
}

/** What one that has completed says itself, without any worker. */
async function atItsEnd(temporal: TemporalGateway, runId: string): Promise<BackfillProgress> {
  const result: BackfillResult = await temporal.call((client) => client.workflow.getHandle(runId).result());
  return { stage: 'done', running: [], perMinute: null, secondsLeft: null, ...result };
}

/** Lets a backfill finish what is under way and begin nothing more. @throws StockcastError RUN_UNKNOWN, REQUEST_INVALID */
export function pauseBackfill(temporal: TemporalGateway, context: Context, runId: string): Promise<void> {
  return tell(temporal, context, runId, PAUSE_SIGNAL);
}

/** Lets a paused backfill go on. @throws StockcastError RUN_UNKNOWN, REQUEST_INVALID */
export function resumeBackfill(temporal: TemporalGateway, context: Context, runId: string): Promise<void> {
  return tell(temporal, context, runId, RESUME_SIGNAL);
}

/** Stops a backfill and everything below it. @throws StockcastError RUN_UNKNOWN, REQUEST_INVALID */
export async function cancelBackfill(temporal: TemporalGateway, context: Context, runId: string): Promise<void> {
  const { status } = await requireBackfill(temporal, context, runId);
  // Temporal takes a request to cancel what has ended, and does nothing.
  if (status !== 'running') throw ended(runId, status, 'cancel');
  await cancelRun(temporal, context, runId);
}

/** The partitions of a backfill that failed, all of them, by ticker and session. @throws StockcastError RUN_UNKNOWN */
export async function failedPartitions(
  temporal: TemporalGateway,
  context: Context,
  runId: string,
): Promise<FailedAnswer> {
  await requireBackfill(temporal, context, runId);
  const partitions: FailedPartitions['partitions'][number][] = [];
  for (;;) {
    const page = await temporal.call((client) =>
      client.workflow.getHandle(runId).query<FailedPartitions, [number]>(FAILED_QUERY, partitions.length),
    );
    partitions.push(...page.partitions);
    if (page.partitions.length === 0 || partitions.length >= page.total)
      return failedAnswer({ total: page.total, partitions });
  }
}

/**
 * Makes the failed partitions of a backfill that has ended, and no others, as another execution under the same id.
 * @throws StockcastError RUN_UNKNOWN; REQUEST_INVALID while it is under way, and where nothing failed
 */
export async function retryFailed(temporal: TemporalGateway, context: Context, runId: string): Promise<StartedRun> {
  const { status } = await requireBackfill(temporal, context, runId);
  if (status === 'running') throw refused(runId, 'it is still under way: wait for its end, or cancel it');
  const input = await temporal.call((client) =>
    client.workflow.getHandle(runId).query<BackfillInput>(RETRY_INPUT_QUERY),
  );
  if (input.only === '') throw refused(runId, 'none of its partitions failed');
  return start(temporal, runId, input);
}

/** The newest backfills of the tenant, newest first; one that went on as a new execution counts once. */
export function listBackfills(temporal: TemporalGateway, { tenant }: Context, limit: number): Promise<RunSummary[]> {
  const query = `WorkflowId STARTS_WITH "${BACKFILL}/${tenant}/" AND ExecutionStatus != "ContinuedAsNew"`;
  return listRunsWith(temporal, query, limit);
}

async function start(temporal: TemporalGateway, workflowId: string, input: BackfillInput): Promise<StartedRun> {
  const ui = temporal.uiLink(workflowId);
  try {
    await temporal.call((client) =>
      client.workflow.start(BACKFILL, {
        workflowId,
        taskQueue: QUEUES.orchestration,
        args: [input],
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        typedSearchAttributes: runAttributes({ asOf: input.to, stage: 'waiting' }),
      }),
    );
    return { run_id: workflowId, status: 'running', joined: false, ui };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { run_id: workflowId, status: 'running', joined: true, ui };
  }
}

async function tell(temporal: TemporalGateway, context: Context, runId: string, signal: string): Promise<void> {
  const { status } = await requireBackfill(temporal, context, runId);
  try {
    if (status === 'running') {
      await temporal.call((client) => client.workflow.getHandle(runId).signal(signal));
      return;
    }
  } catch (error) {
    // It has ended a moment before.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
  throw ended(runId, status, signal);
}

async function requireBackfill(temporal: TemporalGateway, context: Context, runId: string) {
  const standing = await standingOf(temporal, context, runId);
  if (standing.workflow !== BACKFILL) throw refused(runId, `it is a ${standing.workflow}, not a backfill`);
  return standing;
}

function ended(runId: string, status: RunStatus, asked: string): StockcastError {
  return refused(runId, `it has ended (${status}), so there is nothing to ${asked}`);
}

function refused(runId: string, problem: string): StockcastError {
  return new StockcastError('REQUEST_INVALID', { field: runId, problem });
}
