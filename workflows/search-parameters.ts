import {
  ActivityCancellationType,
  CancellationScope,
  isCancellation,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { TrainingActivities } from '../activities/training.ts';
import {
  type SearchParametersInput,
  type SearchParametersResult,
  type TrialResult,
  bestTrial,
} from '../domain/parameter-search.ts';
import { QUEUES } from '../domain/run.ts';
import { TRAINING_ACTIVITY } from './activity-options.ts';
import { searchProgressQuery } from './progress.ts';

const { planSearch, trial } = proxyActivities<TrainingActivities>({
  ...TRAINING_ACTIVITY,
  taskQueue: QUEUES.training,
  // A trial that a time cap calls off is entered as such, or finishes after all, before the search ends.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Enough to keep the training slots of a machine busy, few enough to leave other searches their turn. */
const AT_A_TIME = 4;

/**
 * Tries settings of a kind's parameters and chooses the one with the lowest loss: the same from the same seed, however
 * the trials were spread over workers. A time cap calls off what has not finished; the choice is then among the rest.
 */
export async function searchParameters(input: SearchParametersInput): Promise<SearchParametersResult> {
  const { context, task, budget } = input;
  const { trials, maxSeconds } = budget;
  const results: TrialResult[] = [];
  setHandler(searchProgressQuery, () => ({
    ticker: task.data.ticker,
    done: results.length,
    total: trials,
    ...bestOf(results),
  }));

  const search = await planSearch({ context, task });
  if (search === undefined) return { parameters: task.parameters };

  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < trials) results.push(await trial({ context, task, search, number: next++ }));
  };
  const tryAll = async (): Promise<void> => {
    const ended = await Promise.allSettled(Array.from({ length: AT_A_TIME }, lane));
    const failed = ended.find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
  try {
    await (maxSeconds === undefined ? tryAll() : CancellationScope.withTimeout(maxSeconds * 1000, tryAll));
  } catch (error) {
    if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
  }
  return {
    parameters: bestTrial(results)?.parameters ?? task.parameters,
    record: {
      // What is trained in the end was tried, if only by training it.
      trials: Math.max(1, results.length),
      seed: task.seed,
      until: search.until,
      cutShort: results.length < trials,
    },
    ...bestOf(results),
  };
}

function bestOf(results: readonly TrialResult[]): Pick<SearchParametersResult, 'best'> {
  const best = bestTrial(results);
  return best === undefined ? {} : { best: { trial: best.number, loss: best.loss } };
}
