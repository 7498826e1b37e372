import { readFileSync } from 'node:fs';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { lstmAnswers } from './lstm-forward.ts';
import { LstmTraining } from './lstm-training.ts';
import { initialWeights, type LstmShape } from './lstm-weights.ts';
import { installedBackends, loadBackend, loadedTensorFlow } from './tensorflow.ts';

interface Case extends LstmShape {
  readonly nRows: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly X: number[];
  readonly y: number[];
  readonly weights: number[];
  readonly yHatBefore: number[];
  readonly losses: number[];
  readonly weightsAfter: number[];
  readonly yHatAfter: number[];
}
const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(new URL('../../tests/oracles/lstm/keras.json', import.meta.url), 'utf8'),
);
const sequencesOf = ({ X, y }: Case) => ({ x: Float32Array.from(X), y: Float32Array.from(y) });
const rowsOf = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, i) => from + i);
const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));
};

describe.each(await installedBackends())('training on %s', (backend) => {
  beforeAll(() => loadBackend(backend));

  it.each(cases)('has the losses of Keras, to 1e-4 of them, at $nSteps x $nFeatures, $units units', (oracle) => {
    const training = new LstmTraining(
      loadedTensorFlow(),
      oracle,
      Float32Array.from(oracle.weights),
      sequencesOf(oracle),
    );
    const all = rowsOf(0, oracle.nRows);
    expect(largestDifference(training.forecast(all), oracle.yHatBefore)).toBeLessThan(1e-5);
    const losses: number[] = [];
    for (let epoch = 0; epoch < oracle.epochs; epoch++) {
      for (let from = 0; from < oracle.nRows; from += oracle.batchSize) {
        const rows = rowsOf(from, Math.min(from + oracle.batchSize, oracle.nRows));
        losses.push(training.step(rows, oracle.learningRate));
      }
    }
    expect(losses).toHaveLength(oracle.losses.length);
    losses.forEach((loss, i) => expect(Math.abs(loss / oracle.losses[i]! - 1)).toBeLessThan(1e-4));
    expect(largestDifference(training.weights(), oracle.weightsAfter)).toBeLessThan(1e-4);
    expect(largestDifference(training.forecast(all), oracle.yHatAfter)).toBeLessThan(1e-4);
    training.dispose();
  });

  it('gives back all of its memory', () => {
    const [oracle] = cases as [Case];
    const tf = loadedTensorFlow();
    const before = tf.memory().numTensors;
    const training = new LstmTraining(tf, oracle, Float32Array.from(oracle.weights), sequencesOf(oracle));
    training.step(rowsOf(0, 5), 0.1);
    const during = tf.memory().numTensors;
    training.step(rowsOf(0, 5), 0.1);
    training.loss(rowsOf(0, 5));
    training.weights();
    expect(tf.memory().numTensors).toBe(during);
    training.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("answers as TensorFlow.js' own LSTM layer, to 1e-5, as does the model without TensorFlow, and trains alike", async () => {
    const { layers, sequential } = await import('@tensorflow/tfjs-layers');
    const tf = loadedTensorFlow();
    const shape = { nSteps: 20, nFeatures: 7, units: 32 };
    const { nSteps, nFeatures, units } = shape;
    const random = seededRandom(2);
    const weights = initialWeights(shape, random).map((weight) => weight + 0.2 * (random.next() - 0.5));
    const x = Float32Array.from({ length: 50 * nSteps * nFeatures }, () => 4 * (random.next() - 0.5));
    const y = Float32Array.from({ length: 50 }, (_, row) => x[row * nSteps * nFeatures]! + random.next());
    const layered = sequential();
    const inputShape: [number, number] = [nSteps, nFeatures];
    layered.add(layers.lstm({ units, recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros', inputShape }));
    layered.add(layers.dense({ units: 1 }));
    let from = 0;
    const parts = layered.getWeights().map((part) => {
      from += part.size;
      return tf.tensor(weights.slice(from - part.size, from), part.shape);
    });
    expect(from).toBe(weights.length);
    layered.setWeights(parts);
    layered.compile({ optimizer: tf.train.adam(0.003), loss: 'meanSquaredError' });
    const training = new LstmTraining(tf, shape, weights, { x, y });
    const [sequences, labels] = [tf.tensor3d(x, [50, nSteps, nFeatures]), tf.tensor2d(y, [50, 1])];

    const expected = (layered.predict(sequences) as Tensor).dataSync();
    expect(largestDifference(training.forecast(rowsOf(0, 50)), expected)).toBeLessThan(1e-5);
    expect(largestDifference(lstmAnswers(shape, weights, x), expected)).toBeLessThan(1e-5);
    // Less exactly than Keras, since its Adam adds epsilon after correcting for the start, where it weighs less.
    for (let step = 0; step < 6; step++) {
      const loss = training.step(rowsOf(0, 50), 0.003);
      expect(Math.abs(loss / ((await layered.trainOnBatch(sequences, labels)) as number) - 1)).toBeLessThan(1e-3);
    }
    training.dispose();
    layered.dispose();
    tf.dispose([sequences, labels, ...parts]);
  });
});
