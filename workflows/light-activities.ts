import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { OrchestrationActivities } from '../activities/orchestration.ts';
import type { TrainingActivities } from '../activities/training.ts';
import { QUEUES } from '../domain/run.ts';
import { AT_HAND_ACTIVITY, DRAWING_ACTIVITY, LIGHT_ACTIVITY } from './activity-options.ts';
import { training } from './training-activities.ts';

const atHand = proxyLocalActivities<OrchestrationActivities & TrainingActivities>(AT_HAND_ACTIVITY);
const light = proxyActivities<OrchestrationActivities>({ ...LIGHT_ACTIVITY, taskQueue: QUEUES.orchestration });
const drawing = proxyActivities<OrchestrationActivities>({ ...DRAWING_ACTIVITY, taskQueue: QUEUES.orchestration });

/** How a run has light activities done. */
export interface LightOptions {
  /** Whether it is first tried at hand; asked at every step, since runs of earlier code do not. */
  readonly isAtHand: () => boolean;
  /** Called before a step goes by way of the server. */
  readonly beforeServer?: () => void;
}

/** What is light, and the training and judging of baselines, which have nothing to learn. */
export interface LightActivities
  extends Pick<OrchestrationActivities, 'planTicker' | 'decide' | 'promote' | 'forecast' | 'draw'> {
  readonly baselines: Pick<TrainingActivities, 'train' | 'evaluate'>;
}

/**
 * Light activities, first tried once by the worker that has the run at hand, within its workflow task: the way through
 * the server costs more than most of them compute. What does not succeed there goes that way, where attempts are kept,
 * told of and tried again as any other.
 */
export function lightActivities({ isAtHand, beforeServer }: LightOptions): LightActivities {
  const atHandFirst =
    <I, O>(near: Activity<I, O>, far: Activity<I, O>): Activity<I, O> =>
    async (input) => {
      if (isAtHand()) {
        try {
          return await near(input);
        } catch (error) {
          if (isCancellation(error) || isFinal(error)) throw error;
        }
      }
      beforeServer?.();
      return far(input);
    };
  return {
    planTicker: atHandFirst(atHand.planTicker, light.planTicker),
    decide: atHandFirst(atHand.decide, light.decide),
    promote: atHandFirst(atHand.promote, light.promote),
    forecast: atHandFirst(atHand.forecast, light.forecast),
    draw: atHandFirst(atHand.draw, drawing.draw),
    baselines: {
      train: atHandFirst(atHand.train, training.train),
      evaluate: atHandFirst(atHand.evaluate, training.evaluate),
    },
  };
}

type Activity<I, O> = (input: I) => Promise<O>;

/** Whether the activity itself said that trying again is in vain. */
function isFinal(error: unknown): boolean {
  // Within a workflow task a failure comes as it was thrown, not as the cause of one of the activity.
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}
