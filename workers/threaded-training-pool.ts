import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Evaluation } from '../domain/evaluation.ts';
import { StockcastError } from '../domain/errors.ts';
import type { FittedModel, LearningTask, TaskOptions, TrainingPool } from '../serving/training-pool.ts';
import type { ThreadAnswer, ThreadJob } from './training-thread.ts';

const THREAD = new URL('./training-thread.ts', import.meta.url);

/** Fits and evaluates in worker threads, at most `slots` at a time; a cancelled task's thread is ended at once. */
export class ThreadedTrainingPool implements TrainingPool {
  readonly #pool: Piscina;

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

  fit(task: LearningTask, options: TaskOptions = {}): Promise<FittedModel> {
    return this.#run('fit', task, options);
  }

  evaluate(task: LearningTask, options: TaskOptions = {}): Promise<Evaluation> {
    return this.#run('evaluate', task, options);
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #run<T>(job: ThreadJob['job'], task: LearningTask, { signal, onProgress }: TaskOptions): Promise<T> {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (fraction: number) => onProgress?.(fraction));
    try {
      const message: ThreadJob = { job, task, port: port2 as MessagePort };
      const answer: ThreadAnswer = await this.#pool.run(message, {
        transferList: [port2],
        ...(signal === undefined ? {} : { signal }),
      });
      if (answer.ok) return answer.value as T;
      throw new StockcastError(answer.code, answer.details);
    } finally {
      port1.close();
    }
  }
}
