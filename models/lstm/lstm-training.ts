import type { Tensor } from '@tensorflow/tfjs-core';
import { lstmOp, type TensorFlow } from './lstm-op.ts';
import { type LstmShape, weightCount } from './lstm-weights.ts';

/** Sequences `[n, nSteps x nFeatures]`, row-major, oldest step first, and their labels `[n]`. */
export interface Sequences {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** How far a training has come. */
export type TrainingState = {
  readonly weights: Float32Array;
  /** Running means of the gradient and of its square. */
  readonly mean: Float32Array;
  readonly square: Float32Array;
  readonly steps: number;
};

// Adam's usual constants; epsilon as in Keras.
const DECAY = 0.9;
const SQUARES_DECAY = 0.999;
const EPSILON = 1e-7;

/**
 * An LSTM in training: weights and data lie in TensorFlow.js' memory, and each step moves the weights by Adam down the
 * gradient of the mean squared error of a batch. Its owner disposes it.
 * Source: Kingma and Ba, Adam, ICLR 2015, in the form before section 2.1.
 */
export class LstmTraining {
  readonly #tf: TensorFlow;
  readonly #shape: LstmShape;
  readonly #labels: Float32Array;
  readonly #x: Tensor;
  readonly #y: Tensor;
  #weights: Tensor;
  #mean: Tensor;
  #square: Tensor;
  #steps: number;

  /** Begins with these weights, or goes on from what `state` gave. */
  constructor(tf: TensorFlow, shape: LstmShape, from: Float32Array | TrainingState, { x, y }: Sequences) {
    this.#tf = tf;
    this.#shape = shape;
    this.#labels = y;
    this.#x = tf.tensor2d(x, [y.length, shape.nSteps * shape.nFeatures], 'float32');
    this.#y = tf.tensor1d(y, 'float32');
    const nothing = new Float32Array(weightCount(shape));
    const state = from instanceof Float32Array ? { weights: from, mean: nothing, square: nothing, steps: 0 } : from;
    // Copies, since a backend may keep the array it is given.
    this.#weights = tf.tensor1d(state.weights.slice(), 'float32');
    this.#mean = tf.tensor1d(state.mean.slice(), 'float32');
    this.#square = tf.tensor1d(state.square.slice(), 'float32');
    this.#steps = state.steps;
  }

  /** Trains on these rows; returns their mean squared error before it. */
  step(rows: Int32Array, learningRate: number): number {
    const tf = this.#tf;
    this.#steps++;
    const rate = (learningRate * Math.sqrt(1 - SQUARES_DECAY ** this.#steps)) / (1 - DECAY ** this.#steps);
    let loss = 0;
    const [weights, mean, square] = tf.tidy(() => {
      const [yHat, gradient] = this.#run(rows, true);
      loss = this.#error(rows, yHat.dataSync());
      const mean_ = tf.add(tf.mul(this.#mean, DECAY), tf.mul(gradient!, 1 - DECAY));
      const square_ = tf.add(tf.mul(this.#square, SQUARES_DECAY), tf.mul(tf.square(gradient!), 1 - SQUARES_DECAY));
      const move = tf.div(tf.mul(mean_, rate), tf.add(tf.sqrt(square_), EPSILON));
      return [tf.sub(this.#weights, move), mean_, square_];
    }) as [Tensor, Tensor, Tensor];
    tf.dispose([this.#weights, this.#mean, this.#square]);
    [this.#weights, this.#mean, this.#square] = [weights, mean, square];
    return loss;
  }

  /** The mean squared error of these rows, without training on them. */
  loss(rows: Int32Array): number {
    return this.#error(rows, this.forecast(rows));
  }

  /** Forecasts for these rows. */
  forecast(rows: Int32Array): Float32Array {
    return this.#tf.tidy(() => this.#run(rows, false)[0].dataSync<'float32'>());
  }

  /** A copy of the weights as they are now. */
  weights(): Float32Array {
    return numbersOf(this.#weights);
  }

  /** All that another training on the same data needs to go on as this one would, as copies. */
  state(): TrainingState {
    const [mean, square] = [numbersOf(this.#mean), numbersOf(this.#square)];
    return { weights: this.weights(), mean, square, steps: this.#steps };
  }

  dispose(): void {
    this.#tf.dispose([this.#x, this.#y, this.#weights, this.#mean, this.#square]);
  }

  #run(rows: Int32Array, withGradient: boolean) {
    const inputs = { weights: this.#weights, x: this.#x, y: this.#y, rows: this.#tf.tensor1d(rows, 'int32') };
    return lstmOp(this.#tf, inputs, this.#shape, withGradient);
  }

  #error(rows: Int32Array, yHat: ArrayLike<number>): number {
    let sum = 0;
    for (let i = 0; i < rows.length; i++) sum += (yHat[i]! - this.#labels[rows[i]!]!) ** 2;
    return sum / rows.length;
  }
}

function numbersOf(tensor: Tensor): Float32Array {
  return tensor.dataSync<'float32'>().slice();
}
