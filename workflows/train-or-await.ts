import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, WorkflowIdReusePolicy, executeChild, proxyActivities } from '@temporalio/workflow';
import type { OrchestrationActivities } from '../activities/orchestration.ts';
import type { SessionDate } from '../domain/bar.ts';
import type { FailureReason } from '../domain/failure-reason.ts';
import { QUEUES, type TrainTickerInput, runAttributes } from '../domain/run.ts';
import { WAITING_ACTIVITY } from './activity-options.ts';
import { trainTicker } from './train-ticker.ts';

const { awaitRun } = proxyActivities<OrchestrationActivities>({ ...WAITING_ACTIVITY, taskQueue: QUEUES.orchestration });

/** A run by the id under which equal requests are the same one. */
interface NamedRun {
  readonly workflowId: string;
  readonly lastSession: SessionDate;
  readonly stands: boolean;
}

/**
 * Trains in a child; where the run is under way or done already, waits for that one instead. When that one does not
 * complete, somebody may have called it off: then it is tried here once more. Returns why the other one did not
 * complete, if that was in vain.
 */
export async function trainOrAwait(
  { workflowId, lastSession, stands }: NamedRun,
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
