import { headOffset, initialWeights } from '../../models/lstm/lstm-weights.ts';
import { type Random, seededRandom } from '../../models/random.ts';
import { type Bench, type BenchOptions, type BenchReport, OURSELVES } from '../figure.ts';
import { LSTM_SUBJECTS, type LstmSubject, lstmSubjects, type LstmTask } from './lstm-subjects.ts';

const NAME = 'lstm';
const N_ROWS = 1000;
const SHAPE = { nSteps: 20, nFeatures: 8, units: 32 };
const CASES = [
  { units: 32, batchSize: 64, always: true },
  { units: 32, batchSize: 256, always: true },
  { units: 128, batchSize: 64, always: false },
] as const;
const EPOCHS = 4;

/**
 * An LSTM with a linear head beside its peers on the same sequences, batches and initial weights. Each repetition draws
 * new ones, and all subjects take their turn on them before the next begins. The first epoch is not timed: there some
 * still build their graph.
 */
export const lstmBench: Bench = {
  name: NAME,
  description: 'LSTM: time of an epoch, time of one forecast, loss of the last epoch',
  subjects: LSTM_SUBJECTS,
  run,
};

async function run(options: BenchOptions, report: BenchReport): Promise<void> {
  const names = LSTM_SUBJECTS.filter((name) => options.subjects?.includes(name) ?? true);
  const subjects = await lstmSubjects(names, (text) => report.progress(text));
  for (const name of names.filter((name) => !subjects.some((subject) => subject.name === name))) {
    report.note(`${name} is left out: tfjs-node is not installed here (npm run accelerate).`);
  }
  try {
    for (const subject of subjects) await subject.train(task(seededRandom(0), 32, 64));
    for (const { units, batchSize, always } of CASES) {
      if (!always && !options.full) continue;
      for (let repetition = 0; repetition < options.repetitions; repetition++) {
        report.progress(`lstm: ${units} units, batch ${batchSize}, ${repetition + 1} of ${options.repetitions}`);
        await measure(subjects, task(seededRandom(repetition + 1), units, batchSize), report);
      }
    }
  } finally {
    await Promise.all(subjects.map((subject) => subject.close()));
  }
  report.note(`medians over the repetitions; a ratio is to ${OURSELVES}, so above 1x a time is slower than ours.`);
  report.note(`${OURSELVES}, tfjs-layers and "Keras, 1 thread" use one thread, the others all cores.`);
}

async function measure(subjects: readonly LstmSubject[], task: LstmTask, report: BenchReport): Promise<void> {
  const figure = { bench: NAME, case: `${task.shape.units} units, batch ${task.batchSize}` };
  for (const subject of subjects) {
    const { epochsMs, losses, predictUs } = await subject.train(task);
    for (const value of epochsMs.slice(1)) {
      report.figure({ ...figure, subject: subject.name, metric: 'epoch_ms', value, unit: 'ms' });
    }
    report.figure({ ...figure, subject: subject.name, metric: 'predict_us', value: predictUs, unit: 'us' });
    report.figure({ ...figure, subject: subject.name, metric: 'last_loss', value: losses.at(-1)!, unit: '' });
  }
}

/** Labels that an LSTM can learn in part: the first feature half way back, where the second is positive now. */
function task(random: Random, units: number, batchSize: number): LstmTask {
  const shape = { ...SHAPE, units };
  const { nSteps, nFeatures } = shape;
  const x = Float32Array.from({ length: N_ROWS * nSteps * nFeatures }, () => 2 * random.next() - 1);
  const y = Float32Array.from({ length: N_ROWS }, (_, row) => {
    const now = (row * nSteps + nSteps - 1) * nFeatures;
    const then = (row * nSteps + nSteps / 2) * nFeatures;
    return (x[now + 1]! > 0 ? x[then]! : 0) + x[now]! + random.next() - 0.5;
  });
  const weights = initialWeights(shape, random);
  // Adam's first steps from a head of zeros hang on rounding and on where epsilon stands, and so would the losses.
  for (let i = headOffset(shape); i < weights.length - 1; i++) weights[i] = 0.6 * (random.next() - 0.5);
  return { shape, data: { x, y }, weights, batchSize, epochs: EPOCHS, learningRate: 0.003 };
}
