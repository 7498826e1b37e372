import type { MessagePort } from 'node:worker_threads';
import { StockcastError } from '../domain/errors.ts';
import { fitNewest } from '../models/evaluation/fit-newest.ts';
import { walkForward } from '../models/evaluation/raw-forecasts.ts';
import { checkLeakage } from '../models/leakage/check-leakage.ts';
import { subjectOf } from '../models/leakage/subject-of-learner.ts';
import { learnerNamed } from '../models/kinds.ts';
import { type History, adjusted } from '../serving/histories.ts';
import { trialLoss } from '../models/search/trial-loss.ts';
import type { LearningTask } from '../serving/training-pool.ts';

/** One job of a training thread. */
export type ThreadJob =
  | { readonly job: 'backend'; readonly learner: string }
  | { readonly job: 'fit' | 'walk-forward' | 'trial-loss'; readonly task: LearningTask }
  | { readonly job: 'check-leakage'; readonly task: LearningTask; readonly history: History };

/** A job's outcome; errors of our own travel as code and details, since threads lose an error's class. */
export type ThreadAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: StockcastError['code']; readonly details: StockcastError['details'] };

/** Does one job; called by the thread pool. The fraction done is posted to `port`. */
export default async function run(job: ThreadJob & { readonly port: MessagePort }): Promise<ThreadAnswer> {
  try {
    return { ok: true, value: await valueOf(job) };
  } catch (error) {
    if (!(error instanceof StockcastError)) throw error;
    return { ok: false, code: error.code, details: error.details };
  }
}

async function valueOf(job: ThreadJob & { readonly port: MessagePort }): Promise<unknown> {
  const learner = learnerNamed(job.job === 'backend' ? job.learner : job.task.learner);
  const backend = (await learner.runtime?.load()) ?? 'typescript';
  if (job.job === 'backend') return backend;
  const { panel, horizon, ...task } = job.task;
  const onProgress = (fraction: number) => job.port.postMessage(fraction);
  const options = { ...task, parameters: learner.parameters(task.parameters), onProgress };
  if (job.job === 'walk-forward') return walkForward(learner, panel, horizon, options);
  if (job.job === 'trial-loss') return trialLoss(learner, panel, horizon, options);
  if (job.job === 'check-leakage') {
    const { onProgress: _, ...quiet } = options;
    const subject = subjectOf(learner, job.history, horizon, quiet, (series, events) => adjusted({ series, events }));
    return checkLeakage(subject, { seed: task.seed });
  }
  const { model, nTrainingRows } = fitNewest(learner, panel, horizon, options);
  return { object: model.toObject(), nTrainingRows };
}
