import { proxyActivities } from '@temporalio/workflow';
import type { TrainingActivities } from '../activities/training.ts';
import { QUEUES } from '../domain/run.ts';
import { TRAINING_ACTIVITY } from './activity-options.ts';

/** Activities that compute, by way of the server: whichever worker has a thread for it takes one. */
export const training = proxyActivities<TrainingActivities>({ ...TRAINING_ACTIVITY, taskQueue: QUEUES.training });
