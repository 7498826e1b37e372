import { fileURLToPath } from 'node:url';
import { LstmModel } from '../../models/lstm/lstm-model.ts';
import { LstmTraining, type Sequences } from '../../models/lstm/lstm-training.ts';
import type { LstmShape } from '../../models/lstm/lstm-weights.ts';
import { type BackendName, installedBackends, loadBackend, loadedTensorFlow } from '../../models/lstm/tensorflow.ts';
import { rowRange } from '../../models/matrix.ts';
import { OURSELVES } from '../figure.ts';
import { LinePeer } from '../peers/line-peer.ts';
import { pythonEnvironment } from '../peers/python-environment.ts';
import { median } from '../table.ts';

/** What every subject is asked to train: the batches in the order of the rows, Adam, mean squared error. */
export interface LstmTask {
  readonly shape: LstmShape;
  readonly data: Sequences;
  /** Initial weights, in Keras' order. */
  readonly weights: Float32Array;
  readonly batchSize: number;
  readonly epochs: number;
  readonly learningRate: number;
}

/** What came of it: time and mean loss of each epoch, and the median time of one row's forecast. */
export interface LstmOutcome {
  readonly epochsMs: readonly number[];
  readonly losses: readonly number[];
  readonly predictUs: number;
}

/** One of those compared. */
export interface LstmSubject {
  readonly name: string;
  train(task: LstmTask): Promise<LstmOutcome>;
  close(): Promise<void>;
}

const ON_TFJS_NODE = 'stockcast on tfjs-node';
const KERAS = 'Keras';
const KERAS_ONE_THREAD = 'Keras, 1 thread';
const TFJS_LAYERS = 'tfjs-layers on wasm';

/** Names of all subjects, ourselves first. */
export const LSTM_SUBJECTS: readonly string[] = [OURSELVES, ON_TFJS_NODE, KERAS, KERAS_ONE_THREAD, TFJS_LAYERS];

/** Single forecasts are timed up to this number and time, in the peers' own process too. */
const MOST_PREDICTIONS = 1000;
const PREDICTING_MS = 300;
const REQUIREMENTS = fileURLToPath(new URL('../peers/lstm-requirements.txt', import.meta.url));

/** Starts the subjects with these names, but for what is not installed here; their owner closes them. */
export async function lstmSubjects(names: readonly string[], progress: (text: string) => void): Promise<LstmSubject[]> {
  const backends = await installedBackends();
  const withKeras = names.includes(KERAS) || names.includes(KERAS_ONE_THREAD);
  const python = withKeras ? await pythonEnvironment(progress, { requirements: REQUIREMENTS }) : '';
  return names
    .filter((name) => name !== ON_TFJS_NODE || backends.includes('tensorflow'))
    .map((name) => {
      if (name === OURSELVES) return { name, train: (task) => trainOurs('wasm', task), close: async () => {} };
      if (name === ON_TFJS_NODE) return { name, train: (task) => trainOurs('tensorflow', task), close: async () => {} };
      if (name === TFJS_LAYERS) return { name, train: trainTfjsLayers, close: async () => {} };
      return kerasSubject(name, python, name === KERAS ? 0 : 1);
    });
}

async function trainOurs(backend: BackendName, task: LstmTask): Promise<LstmOutcome> {
  await loadBackend(backend);
  const { shape, data, weights, batchSize, learningRate } = task;
  const nRows = data.y.length;
  const order = Int32Array.from({ length: nRows }, (_, row) => row);
  const training = new LstmTraining(loadedTensorFlow(), shape, weights, data);
  const epochsMs: number[] = [];
  const losses: number[] = [];
  for (let epoch = 0; epoch < task.epochs; epoch++) {
    const started = performance.now();
    let loss = 0;
    for (let from = 0; from < nRows; from += batchSize) {
      const rows = order.subarray(from, from + batchSize);
      loss += (training.step(rows, learningRate) * rows.length) / nRows;
    }
    epochsMs.push(performance.now() - started);
    losses.push(loss);
  }
  const { nFeatures } = shape;
  const scaler = { mean: new Float64Array(nFeatures), scale: new Float64Array(nFeatures).fill(1) };
  const model = new LstmModel({ shape, scaler, centre: 0, spread: 1, weights: training.weights() });
  training.dispose();
  const X = { nRows, nColumns: shape.nSteps * nFeatures, values: Float64Array.from(data.x) };
  const predictUs = timeOfOne(nRows, (row) => model.predict(rowRange(X, row, row + 1)));
  return { epochsMs, losses, predictUs };
}

async function trainTfjsLayers(task: LstmTask): Promise<LstmOutcome> {
  await loadBackend('wasm');
  const tf = loadedTensorFlow();
  const { layers, sequential } = await import('@tensorflow/tfjs-layers');
  const { data, weights, batchSize, epochs, learningRate } = task;
  const { nSteps, nFeatures, units } = task.shape;
  const model = sequential();
  const inputShape: [number, number] = [nSteps, nFeatures];
  model.add(layers.lstm({ units, recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros', inputShape }));
  model.add(layers.dense({ units: 1 }));
  let from = 0;
  model.setWeights(
    model.getWeights().map(({ size, shape }) => {
      from += size;
      return tf.tensor(weights.slice(from - size, from), shape);
    }),
  );
  model.compile({ optimizer: tf.train.adam(learningRate), loss: 'meanSquaredError' });
  const x = tf.tensor3d(data.x, [data.y.length, nSteps, nFeatures]);
  const y = tf.tensor2d(data.y, [data.y.length, 1]);
  const epochsMs: number[] = [];
  let started = 0;
  const { history } = await model.fit(x, y, {
    batchSize,
    epochs,
    shuffle: false,
    verbose: 0,
    yieldEvery: 'never',
    callbacks: {
      onEpochBegin: async () => void (started = performance.now()),
      onEpochEnd: async () => void epochsMs.push(performance.now() - started),
    },
  });
  const predict = (sequences: InstanceType<typeof tf.Tensor>) =>
    tf.tidy(() => (model.predict(sequences) as InstanceType<typeof tf.Tensor>).dataSync());
  const size = nSteps * nFeatures;
  const predictUs = timeOfOne(data.y.length, (row) =>
    predict(tf.tensor3d(data.x.slice(row * size, (row + 1) * size), [1, nSteps, nFeatures])),
  );
  return { epochsMs, losses: history.loss as number[], predictUs };
}

function kerasSubject(name: string, python: string, threads: number): LstmSubject {
  const script = fileURLToPath(new URL('../peers/lstm_peer.py', import.meta.url));
  const peer = new LinePeer(name, python, [script, String(threads)]);
  return {
    name,
    train: ({ shape, data, weights, ...task }) =>
      peer.ask<LstmOutcome>({
        ...shape,
        ...task,
        x: base64(data.x),
        y: base64(data.y),
        weights: base64(weights),
      }),
    close: () => peer.close(),
  };
}

/** Median time of one call in microseconds. */
function timeOfOne(nRows: number, predict: (row: number) => unknown): number {
  const times: number[] = [];
  for (let total = 0; times.length < MOST_PREDICTIONS && total < PREDICTING_MS; total += times.at(-1)!) {
    const started = performance.now();
    predict(times.length % nRows);
    times.push(performance.now() - started);
  }
  return median(times) * 1000;
}

/** The numbers as little-endian 32-bit floats, which is how the machines that this runs on hold them. */
function base64(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}
