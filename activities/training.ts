import { Context as ActivityContext } from '@temporalio/activity';
import { type ContextRecord, contextFrom } from '../domain/context.ts';
import type { PlannedSearch, SearchTask, TrialResult } from '../domain/parameter-search.ts';
import { evaluateModel, forecastPool } from '../serving/evaluation.ts';
import { planSearch, runTrial } from '../serving/parameter-search.ts';
import type { Services } from '../serving/services.ts';
import { type TrainedModel, type TrainingData, type TrainingTask, trainModel } from '../serving/training.ts';
import type { TrainingPool } from '../serving/training-pool.ts';
import { heartbeating } from './failure.ts';

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
    /** Names a search for parameters and says what it may see; undefined where the history is too short for one. */
    planSearch: (input: { context: ContextRecord; task: SearchTask }): Promise<PlannedSearch | undefined> =>
      heartbeating(() => planSearch(services, pool, contextFrom(input.context), input.task)),

    /** Tries one setting of a search; one that was tried before is not tried again. */
    trial: (input: {
      context: ContextRecord;
      task: SearchTask;
      search: PlannedSearch;
      number: number;
    }): Promise<TrialResult> =>
      heartbeating((beat) => runTrial(services, pool, contextFrom(input.context), input, options(beat))),

    /** Makes one model and registers it; a model that is there already is not made again. */
    train: (input: TrainingTask & { context: ContextRecord }): Promise<TrainedModel> =>
      heartbeating((beat) => trainModel(services, pool, contextFrom(input.context), input, options(beat))),

    /** Judges one registered model by walk-forward forecasts and searches it for leakage. */
    evaluate: (input: {
      context: ContextRecord;
      modelId: string;
      data: TrainingData & { readonly datasetKey: string };
      again?: boolean;
    }): Promise<{ reused: boolean }> =>
      heartbeating((beat) =>
        evaluateModel(services, pool, contextFrom(input.context), input.modelId, input.data, {
          ...options(beat),
          again: input.again === true,
        }),
      ),

    /** Makes the walk-forward forecasts of a pooled model for each of its tickers. */
    forecastPool: (input: {
      context: ContextRecord;
      modelId: string;
      panel: readonly TrainingData[];
    }): Promise<{ reused: boolean }> =>
      heartbeating((beat) =>
        forecastPool(services, pool, contextFrom(input.context), input.modelId, input.panel, options(beat)),
      ),
  };
}
