import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { isCancellation, patched, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { OrchestrationActivities } from '../activities/orchestration.ts';
import type { TrainingActivities } from '../activities/training.ts';
import { QUEUES } from '../domain/run.ts';
import { AT_HAND_ACTIVITY, DRAWING_ACTIVITY, LIGHT_ACTIVITY } from './activity-options.ts';
import { training } from './training-activities.ts';

const atHand = proxyLocalActivities<OrchestrationActivities & TrainingActivities>(AT_HAND_ACTIVITY);
const light = proxyActivities<OrchestrationActivities>({ ...LIGHT_ACTIVITY, taskQueue: QUEUES.orchestration });
const drawing = proxyActivities<OrchestrationActivities>({ ...DRAWING_ACTIVITY, taskQueue: QUEUES.orchestration });

/**
 * Light activities, first tried once by the worker that has the run at hand, within its workflow task: the way through
 * the server costs more than most of them compute. What does not succeed there goes that way, where attempts are kept,
 * told of and tried again as any other.
 */
export const lightActivities: Pick<OrchestrationActivities, 'planTicker' | 'decide' | 'promote' | 'forecast' | 'draw'> =
  {
    planTicker: atHandFirst(atHand.planTicker, light.planTicker),
    decide: atHandFirst(atHand.decide, light.decide),
    promote: atHandFirst(atHand.promote, light.promote),
    forecast: atHandFirst(atHand.forecast, light.forecast),
    draw: atHandFirst(atHand.draw, drawing.draw),
  };

/** What trains and judges baselines: they have nothing to learn, so that this is light, too. */
export const baselineTraining: Pick<TrainingActivities, 'train' | 'evaluate'> = {
  train: atHandFirst(atHand.train, training.train),
  evaluate: atHandFirst(atHand.evaluate, training.evaluate),
};

type Activity<I, O> = (input: I) => Promise<O>;

function atHandFirst<I, O>(near: Activity<I, O>, far: Activity<I, O>): Activity<I, O> {
  return async (input) => {
    if (!patched('light-activities-at-hand')) return far(input);
    try {
      return await near(input);
    } catch (error) {
      if (isCancellation(error) || isFinal(error)) throw error;
      return far(input);
    }
  };
}

/** Whether the activity itself said that trying again is in vain. */
function isFinal(error: unknown): boolean {
  // Within a workflow task a failure comes as it was thrown, not as the cause of one of the activity.
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}
