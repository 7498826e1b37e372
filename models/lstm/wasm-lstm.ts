import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type KernelMemory, kernelOn, scratchLength } from './lstm-kernel.ts';
import { registerLstm, type TensorFlow } from './lstm-op.ts';
import { weightCount } from './lstm-weights.ts';

/** What is needed of TensorFlow.js' WebAssembly backend, whose tensors all lie in one WebAssembly memory. */
interface WasmBackend {
  readonly wasm: { readonly asm: { readonly memory: KernelMemory } };
  getMemoryOffset(dataId: object): number;
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
  disposeData(dataId: object): boolean;
}

/** Teaches TensorFlow.js' WebAssembly backend the LSTM operation; our kernel works in place, in the backend's memory. */
export function registerWasmLstm(tf: TensorFlow): void {
  const { memory } = (tf.backend() as unknown as WasmBackend).wasm.asm;
  const run = kernelOn(memory);
  registerLstm<WasmBackend>(tf, 'wasm', ({ weights, x, y, rows }, shape, withGradient, backend) => {
    const address = ({ dataId }: TensorInfo) => backend.getMemoryOffset(dataId);
    const { nSteps, nFeatures, units } = shape;
    const nRows = rows.shape[0]!;
    const scratch = backend.makeOutput([scratchLength(shape)], 'float32');
    const yHat = backend.makeOutput([nRows], 'float32');
    const outputs = [yHat];
    let to = 0;
    if (withGradient) {
      const gradient = backend.makeOutput([weightCount(shape)], 'float32');
      to = address(gradient);
      new Float32Array(memory.buffer, to, weightCount(shape)).fill(0);
      outputs.push(gradient);
    }
    const at = { weights: address(weights), x: address(x), y: address(y), rows: address(rows) };
    run(at.weights, at.x, at.y, at.rows, nRows, nSteps, nFeatures, units, address(scratch), address(yHat), to);
    backend.disposeData(scratch.dataId);
    return outputs;
  });
}
