import { MessageChannel } from 'node:worker_threads';
import { getHeapStatistics } from 'node:v8';
import { Piscina } from 'piscina';
import { StockcastError } from '../domain/errors.ts';
import type { LeakageFindings } from '../domain/gate.ts';
import { CHECKPOINT_EVERY_MS } from '../domain/training-limits.ts';
import { compiledProgram } from '../infra/setup/program.js';
import type { RawForecasts } from '../models/evaluation/raw-forecasts.ts';
import type { History } from '../serving/histories.ts';
import type {
  FittedModel,
  LearningTask,
  TaskCheckpoints,
  TaskOptions,
  TrainingPool,
} from '../serving/training-pool.ts';
import type { ThreadAnswer, ThreadJob, ThreadNews, ThreadOptions } from './training-thread.ts';

const THREAD = 'workers/training-thread.ts';

/** Fits, forecasts and checks in worker threads, at most `slots` at a time; a cancelled task's thread is ended at once. */
export class ThreadedTrainingPool implements TrainingPool {
  readonly #pool: Piscina;
  readonly #checkpointEveryMs: number;
  /** A counter that all threads see: a change asks them for a checkpoint at once. */
  readonly #checkpointsWanted = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #backends = new Map<string, Promise<string>>();

  /** Tasks that are to be checkpointed are so every `checkpointEveryMs` at most, and more rarely when they take long. */
  constructor(slots: number, checkpointEveryMs = CHECKPOINT_EVERY_MS) {
    this.#checkpointEveryMs = checkpointEveryMs;
    this.#pool = new Piscina({
      // A thread loads code for half a second of computing time, which a start with nothing to train need not spend.
      minThreads: 0,
      maxThreads: slots,
      idleTimeout: 60_000,
      execArgv: ['--enable-source-maps'],
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

  /** Has every task that is checkpointed save as soon as it can: its thread may soon be ended. */
  checkpointNow(): void {
    Atomics.add(this.#checkpointsWanted, 0, 1);
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #run<T>(job: ThreadJob, { signal, onProgress, checkpoints }: TaskOptions): Promise<T> {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', ({ fraction, checkpoint }: ThreadNews) => {
      onProgress?.(fraction);
      if (checkpoint !== undefined) checkpoints?.save(checkpoint, fraction);
    });
    const options: ThreadOptions = { port: port2, ...this.#checkpointing(checkpoints) };
    try {
      const answer: ThreadAnswer = await this.#pool.run(
        { ...job, ...options },
        {
          filename: await compiledProgram(THREAD),
          transferList: [port2],
          ...(signal === undefined ? {} : { signal }),
        },
      );
      if (answer.ok) return answer.value as T;
      throw new StockcastError(answer.code, answer.details);
    } catch (error) {
      throw outOfMemory(job, error) ?? error;
    } finally {
      port1.close();
    }
  }

  #checkpointing(checkpoints: TaskCheckpoints | undefined): Pick<ThreadOptions, 'checkpoints'> {
    if (checkpoints === undefined) return {};
    const { resumeFrom } = checkpoints;
    const how = { everyMs: this.#checkpointEveryMs, wanted: this.#checkpointsWanted };
    return { checkpoints: resumeFrom === undefined ? how : { ...how, resumeFrom } };
  }
}

/** A thread that has used up its heap is ended by Node, and the process lives on. */
function outOfMemory(job: ThreadJob, error: unknown): StockcastError | undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') return undefined;
  const learner = job.job === 'backend' ? job.learner : job.task.learner;
  const limit = `${Math.round(getHeapStatistics().heap_size_limit / 2 ** 20)} MB`;
  return new StockcastError('TRAINING_OUT_OF_MEMORY', { job: job.job, learner, limit }, { cause: error });
}
