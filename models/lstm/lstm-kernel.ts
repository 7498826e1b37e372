import { KERNEL_BINARY } from './lstm-kernel-binary.ts';
import type { LstmShape } from './lstm-weights.ts';

/** Where a kernel works: 32-bit addresses into one buffer, which is another after it grew. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer;
  /** Adds pages of 64 KB. */
  grow(nPages: number): number;
}

/**
 * The exported function of lstm-kernel.as, where it is described; all addresses in bytes. `gradient` 0 means that none
 * is wanted.
 */
export type RunLstm = (
  weights: number,
  x: number,
  y: number,
  rows: number,
  nRows: number,
  nSteps: number,
  nFeatures: number,
  units: number,
  scratch: number,
  yHat: number,
  gradient: number,
) => void;

/** The part of the JavaScript interface of WebAssembly that is used; Node's types lack it. */
interface WebAssembly {
  readonly Memory: new (size: { initial: number }) => KernelMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: { readonly run: RunLstm } };
}

const { Memory, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssembly }).WebAssembly;

/** The LSTM's arithmetic on this memory. */
export function kernelOn(memory: KernelMemory): RunLstm {
  const bytes = Uint8Array.from(atob(KERNEL_BINARY), (character) => character.charCodeAt(0));
  return new Instance(new Module(bytes), { env: { memory } }).exports.run;
}

/** A memory of its own, empty. */
export function emptyMemory(): KernelMemory {
  return new Memory({ initial: 0 });
}

/** How many 32-bit numbers of scratch memory a run needs, part by part as lstm-kernel.as lists them. */
export function scratchLength({ nSteps, nFeatures, units }: LstmShape): number {
  const size = nFeatures + units + 1;
  const constants = 44;
  const packed = 4 * units * size + 4 * units * units;
  const inputs = 4 * (nSteps + 1) * size;
  const gates = 16 * units * nSteps;
  const cells = 4 * units * (2 * nSteps + 1);
  return constants + packed + inputs + gates + cells + 8 * units;
}
