import { proxyActivities } from '@temporalio/workflow';
import type { ExperimentActivities } from '../activities/experiments.ts';
import type { ExperimentVerdict, JudgeExperimentsInput, JudgeExperimentsResult } from '../domain/experiment.ts';
import { QUEUES } from '../domain/run.ts';
import type { SkippedRun } from '../domain/scheduled-run.ts';
import { DATA_ACTIVITY, LIGHT_ACTIVITY } from './activity-options.ts';
import { dailyRun } from './daily-run.ts';

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
  const { context } = input;
  return dailyRun(input.asOf, 'judge', async (at) => {
    const { asOf, ids } = await planJudgement({ context, at });
    const experiments: ExperimentVerdict[] = [];
    for (const id of ids) experiments.push(await judgeExperiment({ context, id, asOf }));
    return { asOf, experiments };
  });
}
