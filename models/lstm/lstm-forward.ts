import { emptyMemory, type KernelMemory, kernelOn, type RunLstm, scratchLength } from './lstm-kernel.ts';
import type { LstmShape } from './lstm-weights.ts';

const PAGE = 65_536;
/** Sequences at a time, so that memory stays small however many there are. */
const MOST_ROWS = 256;

// One for all models: an engine sets aside gigabytes of addresses for each WebAssembly memory.
let forward: { readonly memory: KernelMemory; readonly run: RunLstm } | undefined;

/**
 * An LSTM's answers `[n]` for sequences `[n, nSteps, nFeatures]`, by our own kernel without TensorFlow. With
 * z = [x, h, 1] W for each step,
 *
 *     c = sigmoid(z_forget) c + sigmoid(z_input) tanh(z_cell),   h = sigmoid(z_output) tanh(c)
 *
 * from h = c = 0, and the answer is the last h times the head's kernel, plus its bias. Each answer depends on its own
 * sequence alone, to the last bit. `weights` as `weightCount` describes them.
 * Source: Hochreiter and Schmidhuber, Neural Computation 9 (1997); Gers et al., Neural Computation 12 (2000).
 */
export function lstmAnswers(shape: LstmShape, weights: Float32Array, sequences: Float32Array): Float32Array {
  const { nSteps, nFeatures, units } = shape;
  const width = nSteps * nFeatures;
  const nRows = sequences.length / width;
  const answers = new Float32Array(nRows);
  const most = Math.min(nRows, MOST_ROWS);
  // Addresses begin at 16, since 0 means none to the kernel, and parts at multiples of 16, where vectors load fastest.
  const addresses: number[] = [];
  let end = 16;
  for (const length of [scratchLength(shape), weights.length, most * width, most, most]) {
    addresses.push(end);
    end += Math.ceil(length / 4) * 16;
  }
  const [scratch, weightsAt, x, rows, yHat] = addresses as [number, number, number, number, number];
  const { buffer, run } = kernelWith(end);
  new Float32Array(buffer, weightsAt, weights.length).set(weights);
  new Int32Array(buffer, rows, most).set(Array.from({ length: most }, (_, row) => row));
  for (let from = 0; from < nRows; from += most) {
    const n = Math.min(most, nRows - from);
    new Float32Array(buffer, x, n * width).set(sequences.subarray(from * width, (from + n) * width));
    run(weightsAt, x, 0, rows, n, nSteps, nFeatures, units, scratch, yHat, 0);
    answers.set(new Float32Array(buffer, yHat, n), from);
  }
  return answers;
}

/** The kernel on at least so many bytes. */
function kernelWith(size: number): { readonly buffer: ArrayBuffer; readonly run: RunLstm } {
  if (forward === undefined) {
    const memory = emptyMemory();
    forward = { memory, run: kernelOn(memory) };
  }
  const { memory, run } = forward;
  const missing = size - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  return { buffer: memory.buffer, run };
}
