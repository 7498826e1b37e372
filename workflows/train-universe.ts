import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  continueAsNew,
  executeChild,
  isCancellation,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { OrchestrationActivities } from '../activities/orchestration.ts';
import { failureReason } from '../domain/failure-reason.ts';
import {
  QUEUES,
  type TickerOutcome,
  type TrainUniverseInput,
  type TrainUniverseResult,
  runAttributes,
} from '../domain/run.ts';
import { LIGHT_ACTIVITY, WAITING_ACTIVITY } from './activity-options.ts';
import { universeProgressQuery } from './progress.ts';
import { trainTicker } from './train-ticker.ts';

const { planTicker } = proxyActivities<OrchestrationActivities>({ ...LIGHT_ACTIVITY, taskQueue: QUEUES.orchestration });
const { awaitRun } = proxyActivities<OrchestrationActivities>({ ...WAITING_ACTIVITY, taskQueue: QUEUES.orchestration });

/**
 * Trains many tickers, each in a child `trainTicker`, at most `maxInFlight` at a time. A ticker that fails fails alone
 * and is reported; only when every one fails does the run fail. Large universes go on as new runs, so that no history
 * grows long.
 */
export async function trainUniverse(input: TrainUniverseInput): Promise<TrainUniverseResult> {
  const { context, vantage, plan, maxInFlight } = input;
  const done: TickerOutcome[] = [...(input.done ?? [])];
  const finished = new Set(done.map(({ ticker }) => ticker));
  const waiting = input.tickers.filter((ticker) => !finished.has(ticker));
  const running = new Map<string, string>();
  setHandler(universeProgressQuery, () => ({
    waiting: [...waiting],
    running: [...running].map(([ticker, workflowId]) => ({ ticker, workflowId })),
    done,
  }));
  upsertSearchAttributes(runAttributes({ stage: 'train' }));

  const trainOne = async (ticker: string): Promise<TickerOutcome> => {
    let workflowId = '';
    try {
      const planned = await planTicker({ context, ticker, vantage, plan });
      workflowId = planned.workflowId;
      running.set(ticker, workflowId);
      try {
        await executeChild(trainTicker, {
          workflowId,
          args: [{ version: 1, context, ticker, vantage, plan }],
          workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          typedSearchAttributes: runAttributes({ ticker, asOf: planned.lastSession, stage: 'waiting' }),
        });
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        await awaitRun({ workflowId });
      }
      return { ticker, status: 'completed', workflowId };
    } catch (error) {
      // A child that somebody cancelled by itself is one more ticker that did not come about.
      if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
      return { ticker, status: 'failed', workflowId, ...failureReason(error) };
    } finally {
      running.delete(ticker);
    }
  };
  const lane = async (): Promise<void> => {
    while (waiting.length > 0 && !workflowInfo().continueAsNewSuggested) {
      done.push(await trainOne(waiting.shift()!));
    }
  };

  await Promise.all(Array.from({ length: maxInFlight }, lane));
  if (waiting.length > 0) return continueAsNew<typeof trainUniverse>({ ...input, done });

  const failed = done.filter(({ status }) => status === 'failed');
  upsertSearchAttributes(runAttributes({ stage: 'done', verdict: failed.length === 0 ? 'completed' : 'failed' }));
  if (failed.length === done.length && done.length > 0) {
    const reasons = failed.slice(0, 5).map(({ ticker, message }) => `${ticker}: ${message}`);
    throw ApplicationFailure.nonRetryable(
      `every ticker failed; ${reasons.join(' | ')}`,
      failed[0]!.code ?? 'RUN_FAILED',
    );
  }
  return { outcomes: done };
}
