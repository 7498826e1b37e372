import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { StockcastError } from '../domain/errors.ts';
import type { LeakageFindings } from '../domain/gate.ts';
import type { RawForecasts } from '../models/evaluation/raw-forecasts.ts';
import type { History } from '../serving/histories.ts';
import type { FittedModel, LearningTask, TaskOptions, TrainingPool } from '../serving/training-pool.ts';
import type { ThreadAnswer, ThreadJob } from './training-thread.ts';

const THREAD = new URL('./training-thread.ts', import.meta.url);

/** Fits, forecasts and checks in worker threads, at most `slots` at a time; a cancelled task's thread is ended at once. */
export class ThreadedTrainingPool implements TrainingPool {
  readonly #pool: Piscina;
  readonly #backends = new Map<string, Promise<string>>();

  constructor(slots: number) {
    this.#pool = new Piscina({
      filename: THREAD.href,
      // A thread loads TypeScript for a second of computing time, which a start with nothing to train need not spend.
      minThreads: 0,
      maxThreads: slots,
      idleTimeout: 60_000,
      execArgv: ['--import', import.meta.resolve('tsx')],
    });
  }

  backend(learner: string): Promise<string> {
    let loading = this.#backends.get(learner);
    if (loading === undefined) {
      loading = this.#run<string>({ job: 'backend', learner }, {});
      this.#backends.set(learner, loading);
      // One that could not be loaded is tried again at the next use.
      loading.catch(() => this.#backends.delete(learner));
    }
    return loading;
  }

  fit(task: LearningTask, options: TaskOptions = {}): Promise<FittedModel> {
    return this.#run({ job: 'fit', task }, options);
  }

  walkForward(task: LearningTask, options: TaskOptions = {}): Promise<RawForecasts[]> {
    return this.#run({ job: 'walk-forward', task }, options);
  }

  trialLoss(task: LearningTask, options: TaskOptions = {}): Promise<number> {
    return this.#run({ job: 'trial-loss', task }, options);
  }

  checkLeakage(task: LearningTask, history: History, options: TaskOptions = {}): Promise<LeakageFindings> {
    return this.#run({ job: 'check-leakage', task, history }, options);
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #run<T>(job: ThreadJob, { signal, onProgress }: TaskOptions): Promise<T> {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (fraction: number) => onProgress?.(fraction));
    try {
      const answer: ThreadAnswer = await this.#pool.run(
        { ...job, port: port2 },
        {
          transferList: [port2],
          ...(signal === undefined ? {} : { signal }),
        },
      );
      if (answer.ok) return answer.value as T;
      throw new StockcastError(answer.code, answer.details);
    } finally {
      port1.close();
    }
  }
}
