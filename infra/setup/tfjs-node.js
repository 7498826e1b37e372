import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The version that belongs to the other TensorFlow.js packages in package.json. */
export const TFJS_NODE = '@tensorflow/tfjs-node@4.22.0';

/** Its folder below that of the project. */
export const TFJS_NODE_DIR = join('node_modules', '@tensorflow', 'tfjs-node');

/**
 * Why tfjs-node can't run on a version of Node, in words; undefined when it can.
 * @param {string} version
 */
export function whyNoTfjsNode(version) {
  if (Number(version.split('.')[0]) < 23) return undefined;
  return (
    `tfjs-node 4.22.0 runs on Node 22 or older, since it calls a function that Node 23 removed; this is ${version}. ` +
    'Models train on WebAssembly here, which needs nothing more.'
  );
}

/**
 * Why no native part can be built from PyPI's TensorFlow on this machine, in words; undefined when it can.
 * @param {{ platform: string, arch: string, has: (command: string, args: string[]) => boolean }} machine
 */
export function whyNoBuild({ platform, arch, has }) {
  if (platform !== 'linux' || arch !== 'x64') {
    return `that is possible on Linux x64 only; this is ${platform} ${arch}`;
  }
  if (!has('python3', ['-m', 'pip', '--version'])) {
    return 'that needs python3 with pip (Debian and Ubuntu: apt-get install python3-pip)';
  }
  if (!has('g++', ['--version'])) return 'that needs g++ (Debian and Ubuntu: apt-get install g++)';
  return undefined;
}

/**
 * Whether tfjs-node is installed below `dir` and multiplies right, tried in a process of its own.
 * @param {string} dir
 */
export function tfjsNodeWorks(dir) {
  if (!existsSync(join(dir, TFJS_NODE_DIR, 'package.json'))) return false;
  const source = `const tf = require('@tensorflow/tfjs-node');
    const [product] = tf.matMul([[2]], [[3]]).dataSync();
    if (product !== 6 || tf.getBackend() !== 'tensorflow') process.exit(1);`;
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
  return spawnSync(process.execPath, ['-e', source], { cwd: dir, env, stdio: 'ignore' }).status === 0;
}
