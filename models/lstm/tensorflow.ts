import type { ModelRuntime } from '../model.ts';
import { type Int64Scalar, registerBlockLstm } from './block-lstm.ts';
import type { TensorFlow } from './lstm-op.ts';
import { registerWasmLstm } from './wasm-lstm.ts';

/** What TensorFlow.js can compute with: its WebAssembly build, or the native library of tfjs-node. */
export type BackendName = 'wasm' | 'tensorflow';

// tfjs-node calls util.isNullOrUndefined, which Node 23 took away.
const FIRST_NODE_WITHOUT_NATIVE = 23;
const NATIVE: string = '@tensorflow/tfjs-node';

let loaded: TensorFlow | undefined;
let loading: Promise<string> | undefined;

/**
 * TensorFlow.js on the native library where tfjs-node is installed and this Node can run it, else on WebAssembly. A
 * broken installation of tfjs-node is an error: what trained a model must be no surprise.
 */
export const tensorflowRuntime: ModelRuntime = {
  load() {
    loading ??= installedBackends().then((backends) => loadBackend(backends.at(-1)!));
    return loading;
  },
};

/**
 * TensorFlow.js, after `tensorflowRuntime.load()`.
 * @throws TypeError before that, since loading takes time that a synchronous caller can't wait
 */
export function loadedTensorFlow(): TensorFlow {
  if (loaded === undefined) throw new TypeError('TensorFlow.js is not loaded; await the runtime of the kind first');
  return loaded;
}

/** Loads TensorFlow.js on this backend, from now on the one that computes, and returns its name and version. */
export async function loadBackend(backend: BackendName): Promise<string> {
  return backend === 'wasm' ? await loadWasm() : await loadNative();
}

/** The backends that are installed and can run here, the preferred one last. */
export async function installedBackends(): Promise<readonly BackendName[]> {
  if (Number(process.versions.node.split('.')[0]) >= FIRST_NODE_WITHOUT_NATIVE) return ['wasm'];
  try {
    await import(NATIVE);
    return ['wasm', 'tensorflow'];
  } catch (error) {
    if (error instanceof Error && isAbsence(error)) return ['wasm'];
    throw error;
  }
}

/** Whether it is this package that is not there, as Node says it, and as Vite does of an optional peer. */
function isAbsence(error: Error): boolean {
  const isMissing = 'code' in error && (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND');
  return (isMissing || error.message.startsWith('Could not resolve')) && error.message.includes(NATIVE);
}

async function loadWasm(): Promise<string> {
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend('wasm'))) throw new Error("TensorFlow.js can't start its WebAssembly backend");
  registerWasmLstm(tf);
  loaded = tf;
  return `tfjs-wasm ${tf.version_core}`;
}

async function loadNative(): Promise<string> {
  const tf = await import('@tensorflow/tfjs-core');
  await import(NATIVE);
  const { Int64Scalar } = (await import(`${NATIVE}/dist/int64_tensors.js`)) as { Int64Scalar: Int64Scalar };
  if (!(await tf.setBackend('tensorflow'))) throw new Error("tfjs-node can't start TensorFlow");
  registerBlockLstm(tf, Int64Scalar);
  loaded = tf;
  return `tfjs-node ${tf.version_core}`;
}
