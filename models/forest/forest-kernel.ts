import { KERNEL_BINARY } from './forest-kernel-binary.ts';

/** An address in the kernel's memory, in bytes. */
interface Address {
  readonly value: number;
}

/** What `kernel/*.as` exports, where it is described. */
export interface ForestKernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(nPages: number): number };
  readonly column: Address;
  readonly labels: Address;
  readonly features: Address;
  readonly nodeFeatures: Address;
  readonly nodeValues: Address;
  readonly nodeRights: Address;
  layOut(nRows: number, nColumns: number, nLeaves: number): number;
  binFeature(feature: number, maxBins: number): void;
  prepare(
    maxDepth: number,
    minSamplesLeaf: number,
    nSampled: number,
    bootstrap: boolean,
    leastGain: number,
    meanLabel: number,
  ): void;
  grow(seed: number): number;
}

/** The part of the JavaScript interface of WebAssembly that is used; Node's types lack it. */
interface WebAssembly {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: ForestKernel };
}

const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssembly }).WebAssembly;
let compiled: object | undefined;

/** Kernels at rest. One is enough, unless a fit is started from within another's `onProgress`. */
const idle: ForestKernel[] = [];

/** Lends a kernel to `use`, which has it and its memory for itself until it returns. */
export function withForestKernel<R>(use: (kernel: ForestKernel) => R): R {
  compiled ??= new Module(Uint8Array.from(atob(KERNEL_BINARY), (character) => character.charCodeAt(0)));
  const kernel = idle.pop() ?? new Instance(compiled).exports;
  try {
    return use(kernel);
  } finally {
    idle.push(kernel);
  }
}
