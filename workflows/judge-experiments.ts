import { isCancellation, proxyActivities, upsertSearchAttributes } from '@temporalio/workflow';
import type { ExperimentActivities } from '../activities/experiments.ts';
import type { ExperimentVerdict, JudgeExperimentsInput, JudgeExperimentsResult } from '../domain/experiment.ts';
import { QUEUES, runAttributes } from '../domain/run.ts';
import type { SkippedRun } from '../domain/scheduled-run.ts';
import { DATA_ACTIVITY, LIGHT_ACTIVITY } from './activity-options.ts';
import { dueAt } from './due-at.ts';
import { closedWhenDue, skipped } from './skipped-run.ts';

const { planJudgement } = proxyActivities<ExperimentActivities>({ ...LIGHT_ACTIVITY, taskQueue: QUEUES.orchestration });
// Reads histories, to forecast the newest session.
const { judgeExperiment } = proxyActivities<ExperimentActivities>({
  ...DATA_ACTIVITY,
  taskQueue: QUEUES.orchestration,
});

/**
 * Judges every running experiment by the pairs that have matured, one after the other: promotes its challenger, keeps its
 * champion, ends it or lets it go on. Done twice, it comes to the same.
 */
export async function judgeExperiments(input: JudgeExperimentsInput): Promise<JudgeExperimentsResult | SkippedRun> {
  const closed = input.asOf === undefined ? closedWhenDue(dueAt()) : undefined;
  if (closed !== undefined) return skipped(closed);
  const { context } = input;
  try {
    upsertSearchAttributes(runAttributes({ stage: 'judge' }));
    const { asOf, ids } = await planJudgement({ context, at: input.asOf ?? dueAt() });
    const experiments: ExperimentVerdict[] = [];
    for (const id of ids) experiments.push(await judgeExperiment({ context, id, asOf }));
    upsertSearchAttributes(runAttributes({ asOf, stage: 'done', verdict: 'completed' }));
    return { asOf, experiments };
  } catch (error) {
    if (isCancellation(error)) upsertSearchAttributes(runAttributes({ verdict: 'cancelled' }));
    throw error;
  }
}
