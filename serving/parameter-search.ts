import type { Context } from '../domain/context.ts';
import { StockcastError } from '../domain/errors.ts';
import { type Json, shortHash } from '../domain/identity.ts';
import type { PlannedSearch, SearchTask, Trial, TrialResult } from '../domain/parameter-search.ts';
import { type LearnedKind, kindNamed } from '../models/kinds.ts';
import { freeSpace, settingOf } from '../models/search/search-space.ts';
import { featuresUntil, searchedUntil } from '../models/search/trial-loss.ts';
import type { TrialEnd } from '../stores/trials/trial-store.ts';
import { readFeatures } from './feature-sets.ts';
import { type ComputationOptions, withCheckpoints } from './checkpoints.ts';
import type { Services } from './services.ts';
import { learningTask } from './training.ts';
import type { TrainingPool } from './training-pool.ts';

/** One trial of a search. */
export interface TrialRequest {
  readonly task: SearchTask;
  readonly search: PlannedSearch;
  readonly number: number;
}

/**
 * Names a search by all that decides its trials, and says up to which session it may look. Undefined where the history
 * is too short to choose anything by.
 */
export async function planSearch(
  services: Services,
  pool: TrainingPool,
  context: Context,
  task: SearchTask,
): Promise<PlannedSearch | undefined> {
  const { kind, horizon, data, ...how } = task;
  const { ticker, datasetId, featuresKey } = data;
  const until = searchedUntil(await readFeatures(services, context, ticker, featuresKey), horizon);
  if (until === undefined) return undefined;
  const backend = await pool.backend(learnedKind(kind).learner.name);
  const { codeVersion } = services;
  return { searchId: shortHash({ kind, horizon, ...how, ticker, datasetId, codeVersion, backend }), until };
}

/**
 * Tries one setting: how wrong a kind with it is, walk-forward on what the search may see. Each trial is entered when it
 * begins and when it ends; one that has finished is not computed again.
 * @throws AbortError when the signal aborts; the trial is then entered as cancelled
 */
export async function runTrial(
  services: Services,
  pool: TrainingPool,
  context: Context,
  { task, search, number }: TrialRequest,
  options: ComputationOptions = {},
): Promise<TrialResult> {
  const { horizon, seed, data } = task;
  const { searchId, until } = search;
  const kind = learnedKind(task.kind);
  const { learner } = kind;
  const setting = settingOf(freeSpace(learner.space ?? {}, task.parameters), seed, number);
  const parameters = learner.parameters({ ...(task.parameters as { readonly [name: string]: Json }), ...setting });
  const { ticker } = data;
  const begun = { searchId, number, ticker, horizon, kind: kind.name, parameters, seed, until };
  const known = await services.trials.begin(context, begun);
  if (known.status === 'finished') return resultOf(known);

  const { panel, ...how } = await learningTask(services, context, kind, { ...task, parameters, panel: [data] });
  // Cut here, so that what comes later never gets to where the loss is computed.
  const seen = { ...how, panel: panel.map((features) => featuresUntil(features, until)) };
  const backend = await pool.backend(learner.name);
  const { codeVersion } = services;
  const identity = { job: 'trial', search: searchId, number, parameters, codeVersion, backend };
  const { value } = await withCheckpoints(services, context, { ticker, identity }, options, async (taskOptions) => {
    const end = await endOf(() => pool.trialLoss(seen, taskOptions), options.signal);
    const ended = await services.trials.end(context, searchId, number, end);
    // What has finished by the time that it is called off counts, as its entry says.
    if (ended.status === 'cancelled') options.signal?.throwIfAborted();
    return resultOf(ended);
  });
  return value;
}

/** Runs a trial's computation; what another attempt could heal is thrown. */
async function endOf(compute: () => Promise<number>, signal?: AbortSignal): Promise<TrialEnd> {
  try {
    const loss = await compute();
    return Number.isFinite(loss) ? { status: 'finished', loss } : { status: 'failed', problem: `a loss of ${loss}` };
  } catch (error) {
    if (signal?.aborted === true) return { status: 'cancelled' };
    if (error instanceof StockcastError && !error.retryable) return { status: 'failed', problem: error.message };
    throw error;
  }
}

function resultOf({ number, parameters, loss }: Trial): TrialResult {
  return { number, parameters, ...(loss === undefined ? {} : { loss }) };
}

function learnedKind(name: string): LearnedKind {
  const kind = kindNamed(name);
  if ('learner' in kind) return kind;
  throw new StockcastError('MODEL_INPUT_INVALID', { kind: name, problem: 'it is made of others, which are searched' });
}
