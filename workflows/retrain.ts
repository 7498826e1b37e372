import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  executeChild,
  isCancellation,
  proxyActivities,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { OrchestrationActivities } from '../activities/orchestration.ts';
import type { ScheduledActivities } from '../activities/scheduled.ts';
import { latestClosedSession, latestSessionOn } from '../domain/calendar.ts';
import { type FailureReason, failureReason } from '../domain/failure-reason.ts';
import { QUEUES, type TrainUniverseResult, runAttributes } from '../domain/run.ts';
import type { RetrainInput, RetrainResult } from '../domain/scheduled-run.ts';
import { DATA_ACTIVITY, WAITING_ACTIVITY } from './activity-options.ts';
import { dueAt } from './due-at.ts';
import { closedWhenDue, skipped } from './skipped-run.ts';
import { trainUniverse } from './train-universe.ts';

// Planning looks at the history of every ticker.
const { planRetraining } = proxyActivities<ScheduledActivities>({ ...DATA_ACTIVITY, taskQueue: QUEUES.orchestration });
const { awaitRun } = proxyActivities<OrchestrationActivities>({ ...WAITING_ACTIVITY, taskQueue: QUEUES.orchestration });

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
  const session = asOf === undefined ? latestClosedSession(new Date(due)) : latestSessionOn(asOf);
  upsertSearchAttributes(runAttributes({ asOf: session, stage: 'plan' }));
  try {
    const planned = await planRetraining({ context, session, mayServe: asOf === undefined, wish });
    if (planned === undefined) return skipped(`no prices are known as of ${session}`);
    const { workflowId: runId, live } = planned;
    upsertSearchAttributes(runAttributes({ stage: 'train' }));
    const result = await trainOrJoin(planned);
    const failed = (result?.outcomes ?? []).flatMap(({ ticker, status, code }) =>
      status === 'failed' ? [{ ticker, ...(code === undefined ? {} : { code }) }] : [],
    );
    const verdict = failed.length === 0 ? 'completed' : 'failed';
    upsertSearchAttributes(runAttributes({ stage: 'done', verdict }));
    return { verdict, session, live, runId, joined: result === undefined, failed };
  } catch (error) {
    upsertSearchAttributes(runAttributes({ verdict: isCancellation(error) ? 'cancelled' : 'failed' }));
    if (isCancellation(error)) throw error;
    const { code, message } = failureReason(error);
    throw ApplicationFailure.create({ type: code, message, nonRetryable: true, cause: error as Error });
  }
}

/** Trains in a child; undefined where the same run was under way or done already, and that one completed. */
async function trainOrJoin({ workflowId, stands, input }: Planned): Promise<TrainUniverseResult | undefined> {
  const { ALLOW_DUPLICATE, ALLOW_DUPLICATE_FAILED_ONLY } = WorkflowIdReusePolicy;
  let reason: FailureReason | undefined;
  // One that somebody called off is tried here once more.
  for (const policy of [stands ? ALLOW_DUPLICATE_FAILED_ONLY : ALLOW_DUPLICATE, ALLOW_DUPLICATE_FAILED_ONLY]) {
    try {
      return await executeChild(trainUniverse, {
        workflowId,
        args: [input],
        workflowIdReusePolicy: policy,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        typedSearchAttributes: runAttributes({ asOf: input.vantage.asOf, stage: 'waiting' }),
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    reason = await awaitRun({ workflowId });
    if (reason === undefined) return undefined;
  }
  throw ApplicationFailure.nonRetryable(reason!.message, reason!.code);
}
