import type { Tensor } from '@tensorflow/tfjs-core';
import { type LstmInputs, type LstmKernel, registerLstm, type TensorFlow } from './lstm-op.ts';
import { headOffset } from './lstm-weights.ts';

/** What is needed of tfjs-node's backend: calling TensorFlow's operations by name. */
interface NativeBackend {
  readonly binding: { readonly [name: string]: number };
  executeMultipleOutputs(name: string, attributes: object[], inputs: object[], nOutputs: number): Tensor[];
}

/** tfjs-node's way to pass the 64-bit whole number that TensorFlow wants for a sequence's length. */
export type Int64Scalar = new (value: number) => object;

/**
 * Teaches tfjs-node the LSTM operation, by TensorFlow's fused BlockLSTMV2 and BlockLSTMGradV2 (gates in the order
 * input, forget, cell, output; no peepholes, no clipping).
 */
export function registerBlockLstm(tf: TensorFlow, Int64: Int64Scalar): void {
  registerLstm<NativeBackend>(tf, 'tensorflow', blockLstm(tf, Int64));
}

function blockLstm(tf: TensorFlow, Int64: Int64Scalar): LstmKernel<NativeBackend> {
  return (inputs, { nSteps, nFeatures, units }, withGradient, backend) => {
    const { weights, x, y, rows } = inputs as LstmInputs<Tensor>;
    const nRows = rows.shape[0]!;
    const size = nFeatures + units;
    const kernel = tf.reshape(tf.slice(weights, 0, size * 4 * units), [size, 4 * units]);
    const bias = tf.slice(weights, size * 4 * units, 4 * units);
    const headAt = headOffset({ nFeatures, units });
    const headKernel = tf.reshape(tf.slice(weights, headAt, units), [units, 1]);
    const headBias = tf.slice(weights, headAt + units, 1);

    const sequences = tf.transpose(tf.reshape(tf.gather(x, rows as never), [nRows, nSteps, nFeatures]), [1, 0, 2]);
    const start = tf.zeros([nRows, units]);
    const noPeephole = tf.zeros([units]);
    const { TF_ATTR_TYPE, TF_ATTR_FLOAT, TF_ATTR_BOOL, TF_FLOAT } = backend.binding;
    const type = { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT };
    const peephole = { name: 'use_peephole', type: TF_ATTR_BOOL, value: false };
    const clip = { name: 'cell_clip', type: TF_ATTR_FLOAT, value: 0 };
    const given = [new Int64(nSteps), sequences, start, start, kernel, noPeephole, noPeephole, noPeephole, bias];
    const states = backend.executeMultipleOutputs('BlockLSTMV2', [type, clip, peephole], given, 7);
    const last = tf.reshape(tf.slice(states[6]!, [nSteps - 1, 0, 0], [1, nRows, units]), [nRows, units]);
    const yHat = tf.reshape(tf.add(tf.matMul(last as never, headKernel as never), headBias), [nRows]);
    if (!withGradient) return [yHat];

    const slopes = tf.reshape(tf.mul(tf.sub(yHat, tf.gather(y, rows as never)), 2 / nRows), [nRows, 1]);
    const headGradient = tf.matMul(last as never, slopes as never, true);
    const lastGradient = tf.reshape(tf.matMul(slopes as never, headKernel as never, false, true), [1, nRows, units]);
    const none = tf.zeros([nSteps - 1, nRows, units]);
    const hiddenGradient = nSteps > 1 ? tf.concat([none, lastGradient]) : lastGradient;
    const cellGradient = tf.zeros([nSteps, nRows, units]);
    const back = [...given, ...states, cellGradient, hiddenGradient];
    const gradients = backend.executeMultipleOutputs('BlockLSTMGradV2', [type, peephole], back, 8);
    const parts = [gradients[3]!, gradients[7]!, headGradient, tf.sum(slopes)];
    return [yHat, tf.concat(parts.map((part) => tf.reshape(part, [-1])))];
  };
}
