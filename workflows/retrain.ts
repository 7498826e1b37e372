import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  executeChild,
  isCancellation,
  patched,
  proxyActivities,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { AwaitedUniverse, OrchestrationActivities } from '../activities/orchestration.ts';
import type { ScheduledActivities } from '../activities/scheduled.ts';
import { type FailureReason, failureReason } from '../domain/failure-reason.ts';
import { type FailedTicker, QUEUES, failedOf, runAttributes } from '../domain/run.ts';
import type { RetrainInput, RetrainResult } from '../domain/scheduled-run.ts';
import { DATA_ACTIVITY, WAITING_ACTIVITY } from './activity-options.ts';
import { dueAt, sessionWhenDue } from './due-at.ts';
import { closedWhenDue, skipped } from './skipped-run.ts';
import { trainUniverse } from './train-universe.ts';

// Planning looks at the history of every ticker.
const { planRetraining } = proxyActivities<ScheduledActivities>({ ...DATA_ACTIVITY, taskQueue: QUEUES.orchestration });
const { awaitRun, awaitUniverse } = proxyActivities<OrchestrationActivities>({
  ...WAITING_ACTIVITY,
  taskQueue: QUEUES.orchestration,
});

/** What came of the training of a universe. */
interface Trained {
  /** Whether somebody else had started it. */
  readonly joined: boolean;
  readonly failed: readonly FailedTicker[];
}

type Planned = NonNullable<Awaited<ReturnType<typeof planRetraining>>>;

/**
 * Trains the universe on what was known when the run was due. While that session is the exchange's newest the run is
 * live, and what it promotes may serve; a later one, caught up or backfilled, is entered as of its day and moves nothing
 * that serves. An equal run that is there already is joined.
 */
export async function retrain(input: RetrainInput): Promise<RetrainResult> {
  const { version: _, context, asOf, ...wish } = input;
  const due = dueAt();
  const closed = asOf === undefined ? closedWhenDue(due) : undefined;
  if (closed !== undefined) return skipped(closed);
  try {
    const session = sessionWhenDue(asOf, due);
    upsertSearchAttributes(runAttributes({ asOf: session, stage: 'plan' }));
    const planned = await planRetraining({ context, session, mayServe: asOf === undefined, wish });
    if (planned === undefined) return skipped(`no prices are known as of ${session}`);
    const { workflowId: runId, live } = planned;
    upsertSearchAttributes(runAttributes({ stage: 'train' }));
    const { joined, failed } = await trainOrJoin(planned);
    const verdict = failed.length === 0 ? 'completed' : 'failed';
    upsertSearchAttributes(runAttributes({ stage: 'done', verdict }));
    return { verdict, session, live, runId, joined, failed };
  } catch (error) {
    const isCancelled = isCancellation(error) && CancellationScope.current().consideredCancelled;
    upsertSearchAttributes(runAttributes({ verdict: isCancelled ? 'cancelled' : 'failed' }));
    if (isCancelled) throw error;
    const { code, message } = failureReason(error);
    throw ApplicationFailure.create({ type: code, message, nonRetryable: true, cause: error as Error });
  }
}

/** Trains in a child, or joins the same run where that is under way or done already. */
async function trainOrJoin({ workflowId, stands, input }: Planned): Promise<Trained> {
  const { ALLOW_DUPLICATE, ALLOW_DUPLICATE_FAILED_ONLY } = WorkflowIdReusePolicy;
  let reason: FailureReason | undefined;
  // One that somebody called off is tried here once more.
  for (const policy of [stands ? ALLOW_DUPLICATE_FAILED_ONLY : ALLOW_DUPLICATE, ALLOW_DUPLICATE_FAILED_ONLY]) {
    try {
      const result = await executeChild(trainUniverse, {
        workflowId,
        args: [input],
        workflowIdReusePolicy: policy,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        typedSearchAttributes: runAttributes({ asOf: input.vantage.asOf, stage: 'waiting' }),
      });
      return { joined: false, failed: failedOf(result) };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const end = await joinedEnd(workflowId);
    reason = end.reason;
    if (reason === undefined) return { joined: true, failed: end.failed };
  }
  throw ApplicationFailure.nonRetryable(reason!.message, reason!.code);
}

async function joinedEnd(workflowId: string): Promise<AwaitedUniverse> {
  if (patched('joined-universe-tells-what-failed')) return awaitUniverse({ workflowId });
  const reason = await awaitRun({ workflowId });
  return { failed: [], ...(reason === undefined ? {} : { reason }) };
}
