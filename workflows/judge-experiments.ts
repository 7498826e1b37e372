import { continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
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
 * champion, ends it or lets it go on. Done twice, it comes to the same. Many go on as new runs, so that no history grows
 * long.
 */
export async function judgeExperiments(input: JudgeExperimentsInput): Promise<JudgeExperimentsResult | SkippedRun> {
  const { context, carried } = input;
  return dailyRun(input.asOf, 'judge', async (at) => {
    const { asOf, ids } =
      carried === undefined ? await planJudgement({ context, at }) : { asOf: carried.asOf, ids: carried.left };
    const experiments: ExperimentVerdict[] = [...(carried?.experiments ?? [])];
    for (const [i, id] of ids.entries()) {
      if (workflowInfo().continueAsNewSuggested) {
        const left = ids.slice(i);
        return continueAsNew<typeof judgeExperiments>({ ...input, carried: { asOf, left, experiments } });
      }
      experiments.push(await judgeExperiment({ context, id, asOf }));
    }
    return { asOf, experiments };
  });
}
