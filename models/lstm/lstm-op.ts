import type { KernelFunc, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type * as tfjs from '@tensorflow/tfjs-core';
import type { LstmShape } from './lstm-weights.ts';

/** TensorFlow.js, as far as it is used here; loaded only where something is trained. */
export type TensorFlow = typeof tfjs;

const NAME = 'StockcastLstm';

/** What the LSTM operation reads. */
export interface LstmInputs<T extends TensorInfo = TensorInfo> {
  /** `[weightCount]`, as `weightCount` describes them. */
  readonly weights: T;
  /** All sequences, `[n, nSteps x nFeatures]`. */
  readonly x: T;
  /** Their labels, `[n]`. */
  readonly y: T;
  /** Which of the sequences count, `[nRows]`, int32. */
  readonly rows: T;
}

/**
 * One backend's way to compute it: forecasts `[nRows]`, and where asked for the gradient of their mean squared error by
 * the weights, `[weightCount]`.
 */
export type LstmKernel<Backend> = (
  inputs: LstmInputs,
  shape: LstmShape,
  withGradient: boolean,
  backend: Backend,
) => readonly TensorInfo[];

/** Teaches TensorFlow.js the operation on one of its backends, once. */
export function registerLstm<Backend>(tf: TensorFlow, backendName: string, kernel: LstmKernel<Backend>): void {
  if (tf.getKernel(NAME, backendName) !== undefined) return;
  const kernelFunc: KernelFunc = ({ inputs, backend, attrs }) => {
    const { withGradient, ...shape } = attrs as unknown as LstmShape & { readonly withGradient: boolean };
    return [...kernel(inputs as unknown as LstmInputs, shape, withGradient, backend as Backend)];
  };
  tf.registerKernel({ kernelName: NAME, backendName, kernelFunc });
}

/** Runs the operation on the backend in use. */
export function lstmOp(
  tf: TensorFlow,
  inputs: LstmInputs<Tensor>,
  shape: LstmShape,
  withGradient: boolean,
): readonly [yHat: Tensor, gradient?: Tensor] {
  const outputs = tf.engine().runKernel(NAME, { ...inputs }, { ...shape, withGradient });
  return outputs as unknown as [Tensor, Tensor?];
}
