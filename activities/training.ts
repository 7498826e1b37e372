import { Context as ActivityContext } from '@temporalio/activity';
import { type ContextRecord, contextFrom } from '../domain/context.ts';
import type { PlannedSearch, SearchTask, TrialResult } from '../domain/parameter-search.ts';
import { MAX_CRASHES } from '../domain/training-limits.ts';
import type { ComputationOptions } from '../serving/checkpoints.ts';
import { type EvaluatedModel, evaluateModel, forecastPool } from '../serving/evaluation.ts';
import { planSearch, runTrial } from '../serving/parameter-search.ts';
import type { Services } from '../serving/services.ts';
import { type TrainedModel, type TrainingData, type TrainingTask, trainModel } from '../serving/training.ts';
import type { TrainingPool } from '../serving/training-pool.ts';
import { type Tell, survivable } from './attempts.ts';
import { heartbeating } from './failure.ts';
import { Turns } from './turns.ts';

export type TrainingActivities = ReturnType<typeof trainingActivities>;

/**
 * Activities that compute; task queue `stockcast-training`, and those of baselines where the run is at hand. The
 * computing is done in worker threads while this thread heartbeats with the fraction done and the newest checkpoint, from
 * which another attempt goes on; a cancelled activity stops its thread. One at which the process died `maxCrashes` times
 * in a row is given up.
 */
export function trainingActivities(services: Services, pool: TrainingPool, maxCrashes: number = MAX_CRASHES) {
  const suspects = new Turns();
  const computing = <T>(body: (options: ComputationOptions) => Promise<T>): Promise<T> =>
    survivable({ maxCrashes, suspects }, (tell) => body(computationOptions(tell)));
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
      computing((options) => runTrial(services, pool, contextFrom(input.context), input, options)),

    /** Makes one model and registers it; a model that is there already is not made again. */
    train: (input: TrainingTask & { context: ContextRecord }): Promise<TrainedModel> =>
      computing((options) => trainModel(services, pool, contextFrom(input.context), input, options)),

    /** Judges one registered model by walk-forward forecasts and searches it for leakage. */
    evaluate: (input: {
      context: ContextRecord;
      modelId: string;
      data: TrainingData & { readonly datasetKey: string };
      again?: boolean;
    }): Promise<EvaluatedModel> =>
      computing((options) =>
        evaluateModel(services, pool, contextFrom(input.context), input.modelId, input.data, {
          ...options,
          again: input.again === true,
        }),
      ),

    /** Makes the walk-forward forecasts of a pooled model for each of its tickers. */
    forecastPool: (input: {
      context: ContextRecord;
      modelId: string;
      panel: readonly TrainingData[];
    }): Promise<EvaluatedModel> =>
      computing((options) =>
        forecastPool(services, pool, contextFrom(input.context), input.modelId, input.panel, options),
      ),
  };
}

function computationOptions(tell: Tell): ComputationOptions {
  const { cancellationSignal: signal, log } = ActivityContext.current();
  return {
    signal,
    onProgress: (fraction) => tell({ fraction }),
    onCheckpoint: (news) => {
      if ('problem' in news) return log.warn(`checkpoint ${news.key} ${news.event}: ${news.problem}`);
      const { event, key, fraction } = news;
      if (event === 'resumed') log.info(`goes on from the checkpoint ${key} at ${Math.round(100 * fraction)}%`);
      tell({ checkpoint: { key, fraction }, ...(event === 'saved' ? { crashes: 0 } : {}) });
    },
  };
}
