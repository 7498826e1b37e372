import {
  QueryNotRegisteredError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import type { TemporalGateway } from './temporal-gateway.ts';

const QUERY_DEADLINE_MS = 3000;
// Room for a worker that first has to replay the run.
const UPDATE_DEADLINE_MS = 10_000;

/**
 * The running runs of single tickers of the tenant that have a stage as search attribute, by id.
 * @throws StockcastError TEMPORAL_UNAVAILABLE
 */
export async function runsAtStage(temporal: TemporalGateway, { tenant }: Context, stage: string): Promise<string[]> {
  const query = `StockcastStage = '${stage}' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH 'train/${tenant}/'`;
  return temporal.call(async (client) => {
    const ids: string[] = [];
    for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
    return ids.sort();
  });
}

/** What a run answers to a query: undefined when no worker answers, `ended` when the run is gone. */
export async function askRun<T>(
  temporal: TemporalGateway,
  runId: string,
  query: string,
): Promise<T | undefined | 'ended'> {
  try {
    return await temporal.call((client) => client.workflow.getHandle(runId).query<T>(query), QUERY_DEADLINE_MS);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'ended';
    const unanswered =
      (error instanceof StockcastError && error.code === 'TEMPORAL_UNAVAILABLE') ||
      error instanceof QueryNotRegisteredError ||
      error instanceof ServiceError;
    if (unanswered) return undefined;
    throw error;
  }
}

/**
 * Sends a run an Update, which it keeps before this returns. Ask the run something first: sent to nobody, an Update
 * would lie in Temporal's memory and might be taken long after it was said to have failed.
 * @param refused makes the error of what the run refuses, or that it has ended
 * @throws StockcastError TEMPORAL_UNAVAILABLE, and what `refused` makes
 */
export async function sendUpdate(
  temporal: TemporalGateway,
  runId: string,
  update: string,
  argument: object,
  refused: (problem: string, cause: Error) => StockcastError,
): Promise<void> {
  try {
    await temporal.call(
      (client) => client.workflow.getHandle(runId).executeUpdate(update, { args: [argument] }),
      UPDATE_DEADLINE_MS,
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw refused('the run has just ended', error);
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    throw refused(error.cause instanceof ApplicationFailure ? error.cause.message : error.message, error);
  }
}
