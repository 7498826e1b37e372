import { Context as ActivityContext } from '@temporalio/activity';
import { type ContextRecord, contextFrom } from '../domain/context.ts';
import type { Services } from '../serving/services.ts';
import { type TrainingTask, evaluateModel, trainModel } from '../serving/training.ts';
import type { TrainingPool } from '../serving/training-pool.ts';
import type { DatasetRef, FeaturesRef } from './data.ts';
import { heartbeating } from './failure.ts';

/** Which model to fit, on what. */
export interface TrainInput extends TrainingTask {
  readonly context: ContextRecord;
  readonly dataset: DatasetRef;
  readonly features: FeaturesRef;
}

export type TrainingActivities = ReturnType<typeof trainingActivities>;

/**
 * Activities that compute; task queue `stockcast-training`. The computing is done in worker threads while this thread
 * heartbeats with the fraction done; a cancelled activity stops its thread.
 */
export function trainingActivities(services: Services, pool: TrainingPool) {
  const options = (beat: (details: unknown) => void) => ({
    signal: ActivityContext.current().cancellationSignal,
    onProgress: (fraction: number) => beat({ fraction }),
  });
  return {
    /** Fits one model and registers it; a model that is there already is not fitted again. */
    train: (input: TrainInput): Promise<{ modelId: string; reused: boolean }> =>
      heartbeating((beat) => trainModel(services, pool, contextFrom(input.context), input, options(beat))),

    /** Evaluates one registered model walk-forward beside the baselines. */
    evaluate: (input: {
      context: ContextRecord;
      modelId: string;
      features: FeaturesRef;
    }): Promise<{ reused: boolean }> =>
      heartbeating((beat) =>
        evaluateModel(services, pool, contextFrom(input.context), input.modelId, input.features.key, options(beat)),
      ),
  };
}
