import type { MessagePort } from 'node:worker_threads';
import { StockcastError } from '../domain/errors.ts';
import { fitNewest } from '../models/evaluation/fit-newest.ts';
import { walkForward } from '../models/evaluation/raw-forecasts.ts';
import { checkLeakage } from '../models/leakage/check-leakage.ts';
import { subjectOf } from '../models/leakage/subject-of-learner.ts';
import { learnerNamed } from '../models/kinds.ts';
import { type History, adjusted } from '../serving/histories.ts';
import { trialLoss } from '../models/search/trial-loss.ts';
import type { Checkpoints, State } from '../models/checkpoints.ts';
import type { LearningTask } from '../serving/training-pool.ts';
import { CheckpointPace } from './checkpoint-pace.ts';

/** One job of a training thread. */
export type ThreadJob =
  | { readonly job: 'backend'; readonly learner: string }
  | { readonly job: 'fit' | 'walk-forward' | 'trial-loss'; readonly task: LearningTask }
  | { readonly job: 'check-leakage'; readonly task: LearningTask; readonly history: History };

/** A job's outcome; errors of our own travel as code and details, since threads lose an error's class. */
export type ThreadAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: StockcastError['code']; readonly details: StockcastError['details'] };

/** What comes with each job. */
export interface ThreadOptions {
  /** Where news are posted. */
  readonly port: MessagePort;
  /** How checkpoints are made; absent: none are. */
  readonly checkpoints?: {
    readonly resumeFrom?: State;
    readonly everyMs: number;
    /** A counter: when it changes, one is wanted at once. */
    readonly wanted: Int32Array;
  };
}

/** What a thread tells meanwhile: the fraction done, and where there is one, a checkpoint. */
export interface ThreadNews {
  readonly fraction: number;
  readonly checkpoint?: State;
}

/** Does one job; called by the thread pool. */
export default async function run(job: ThreadJob & ThreadOptions): Promise<ThreadAnswer> {
  try {
    return { ok: true, value: await valueOf(job) };
  } catch (error) {
    if (!(error instanceof StockcastError)) throw error;
    return { ok: false, code: error.code, details: error.details };
  }
}

async function valueOf(job: ThreadJob & ThreadOptions): Promise<unknown> {
  const learner = learnerNamed(job.job === 'backend' ? job.learner : job.task.learner);
  const backend = (await learner.runtime?.load()) ?? 'typescript';
  if (job.job === 'backend') return backend;
  const { panel, horizon, ...task } = job.task;
  const plain = { ...task, parameters: learner.parameters(task.parameters) };
  if (job.job === 'check-leakage') {
    const subject = subjectOf(learner, job.history, horizon, plain, (series, events) => adjusted({ series, events }));
    return checkLeakage(subject, { seed: task.seed });
  }
  const options = { ...plain, ...reporting(job) };
  if (job.job === 'walk-forward') return walkForward(learner, panel, horizon, options);
  if (job.job === 'trial-loss') return trialLoss(learner, panel, horizon, options);
  const { model, nTrainingRows } = fitNewest(learner, panel, horizon, options);
  return { object: model.toObject(), nTrainingRows };
}

/** Posts how far the computation has come, and a checkpoint when one is due. */
function reporting({ port, checkpoints }: ThreadOptions): {
  onProgress: (fraction: number) => void;
  checkpoints?: Checkpoints;
} {
  let fraction = 0;
  const tell = (news: ThreadNews) => port.postMessage(news);
  const onProgress = (done: number) => {
    fraction = done;
    tell({ fraction });
  };
  if (checkpoints === undefined) return { onProgress };
  const { resumeFrom, everyMs, wanted } = checkpoints;
  const pace = new CheckpointPace(everyMs, wanted, performance.now());
  const offer = (state: () => State) => {
    if (pace.isDue(performance.now())) tell({ fraction, checkpoint: state() });
  };
  return { onProgress, checkpoints: resumeFrom === undefined ? { offer } : { resumeFrom, offer } };
}
