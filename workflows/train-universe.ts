import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  continueAsNew,
  executeChild,
  isCancellation,
  patched,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { OrchestrationActivities } from '../activities/orchestration.ts';
import { type FailureReason, failureReason } from '../domain/failure-reason.ts';
import {
  QUEUES,
  type TickerOutcome,
  type TrainTickerInput,
  type TrainUniverseInput,
  type TrainUniverseResult,
  runAttributes,
} from '../domain/run.ts';
import { LIGHT_ACTIVITY, WAITING_ACTIVITY } from './activity-options.ts';
import { universeProgressQuery } from './progress.ts';
import { trainTicker } from './train-ticker.ts';

const { planTicker } = proxyActivities<OrchestrationActivities>({ ...LIGHT_ACTIVITY, taskQueue: QUEUES.orchestration });
const { awaitRun } = proxyActivities<OrchestrationActivities>({ ...WAITING_ACTIVITY, taskQueue: QUEUES.orchestration });

type PlannedRun = Awaited<ReturnType<typeof planTicker>>;

/**
 * Trains many tickers, each in a child `trainTicker`, at most `maxInFlight` at a time. A ticker that fails fails alone
 * and is reported; only when every one fails does the run fail. Large universes go on as new runs, so that no history
 * grows long.
 */
export async function trainUniverse(input: TrainUniverseInput): Promise<TrainUniverseResult> {
  const { context, vantage, plan, live = true, maxInFlight } = input;
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
      const planned = await planTicker({ context, ticker, vantage, plan, live });
      workflowId = planned.workflowId;
      running.set(ticker, workflowId);
      const reason = await trainOrAwait(planned, { version: 1, context, ticker, vantage, plan, live });
      return reason === undefined
        ? { ticker, status: 'completed', workflowId }
        : { ticker, status: 'failed', workflowId, ...reason };
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

  try {
    await Promise.all(Array.from({ length: maxInFlight }, lane));
  } catch (error) {
    if (isCancellation(error) && patched('cancelled-universe-has-verdict')) {
      upsertSearchAttributes(runAttributes({ verdict: 'cancelled' }));
    }
    throw error;
  }
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

/**
 * Trains in a child; where the run is under way or done already, waits for that one instead. When that one does not
 * complete, somebody may have called it off: then it is tried here once more. Returns why the other one did not
 * complete, if that was in vain.
 */
async function trainOrAwait(
  { workflowId, lastSession, stands }: PlannedRun,
  input: TrainTickerInput,
): Promise<FailureReason | undefined> {
  const { ALLOW_DUPLICATE, ALLOW_DUPLICATE_FAILED_ONLY } = WorkflowIdReusePolicy;
  let reason: FailureReason | undefined;
  for (const policy of [stands ? ALLOW_DUPLICATE_FAILED_ONLY : ALLOW_DUPLICATE, ALLOW_DUPLICATE_FAILED_ONLY]) {
    try {
      await executeChild(trainTicker, {
        workflowId,
        args: [input],
        workflowIdReusePolicy: policy,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        typedSearchAttributes: runAttributes({ ticker: input.ticker, asOf: lastSession, stage: 'waiting' }),
      });
      return undefined;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    reason = await awaitRun({ workflowId });
    if (reason === undefined) return undefined;
  }
  return reason;
}
