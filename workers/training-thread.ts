import type { MessagePort } from 'node:worker_threads';
import { StockcastError } from '../domain/errors.ts';
import { evaluate } from '../models/evaluation/evaluate.ts';
import { fitNewest } from '../models/evaluation/fit-newest.ts';
import { kindNamed } from '../models/kinds.ts';
import type { LearningTask } from '../serving/training-pool.ts';

/** One job of a training thread; the fraction done is posted to `port`. */
export interface ThreadJob {
  readonly job: 'fit' | 'evaluate';
  readonly task: LearningTask;
  readonly port: MessagePort;
}

/** A job's outcome; errors of our own travel as code and details, since threads lose an error's class. */
export type ThreadAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: StockcastError['code']; readonly details: StockcastError['details'] };

/** Runs a fit or an evaluation; called by the thread pool. */
export default function run({ job, task, port }: ThreadJob): ThreadAnswer {
  const kind = kindNamed(task.kind);
  const parameters = kind.parameters(task.parameters);
  const { features, horizon, window, seed } = task;
  const options = { window, seed, parameters, onProgress: (fraction: number) => port.postMessage(fraction) };
  try {
    if (job === 'evaluate') return { ok: true, value: evaluate(kind, features, horizon, options).evaluation };
    const { model, nTrainingRows } = fitNewest(kind, features, horizon, options);
    return { ok: true, value: { object: model.toObject(), nTrainingRows } };
  } catch (error) {
    if (!(error instanceof StockcastError)) throw error;
    return { ok: false, code: error.code, details: error.details };
  }
}
