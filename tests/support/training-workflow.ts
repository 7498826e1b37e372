import { proxyActivities } from '@temporalio/workflow';
import type { TrainingActivities } from '../../activities/training.ts';
import { QUEUES } from '../../domain/run.ts';
import { TRAINING_ACTIVITY } from '../../workflows/activity-options.ts';

const training = proxyActivities<TrainingActivities>({ ...TRAINING_ACTIVITY, taskQueue: QUEUES.training });

/** The one step `train`, as a run does it. */
export async function trainAlone(input: Parameters<TrainingActivities['train']>[0]) {
  return training.train(input);
}
