// npm run accelerate: installs @tensorflow/tfjs-node, TensorFlow's native library for Node, on which LSTMs then train. Its
// own installation downloads from outside the package registries; where that fails, the library is taken from PyPI's
// TensorFlow and the binding compiled against it. package.json and package-lock.json stay as they are.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TFJS_NODE, TFJS_NODE_DIR, tfjsNodeWorks, whyNoBuild, whyNoTfjsNode } from './tfjs-node.js';

const PROJECT_DIR = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGE_DIR = join(PROJECT_DIR, TFJS_NODE_DIR);
// The newest whose C interface still fits the binding, and the Python it is made for; ours may be another.
const WHEEL = 'tensorflow-cpu==2.18.1';
const WHEEL_FOR = ['--python-version', '311', '--implementation', 'cp', '--abi', 'cp311'];
const PLATFORMS = ['--platform', 'manylinux_2_17_x86_64', '--platform', 'manylinux2014_x86_64'];
const LONGEST_DOWNLOAD_MS = 600_000;

const problem = whyNoTfjsNode(process.versions.node);
if (problem !== undefined) fail(problem);
if (tfjsNodeWorks(PROJECT_DIR)) done('is installed already and works');

step(`installing ${TFJS_NODE} with npm`);
// As optional, since npm leaves out what package.json knows as an optional peer.
const flags = ['--no-save', '--save-optional', '--no-audit', '--no-fund', '--ignore-scripts'];
if (!succeeds('npm', ['install', ...flags, TFJS_NODE])) {
  fail(`npm could not install ${TFJS_NODE}; see above.`);
}
step("letting it download TensorFlow's library");
const options = { cwd: PACKAGE_DIR, timeout: LONGEST_DOWNLOAD_MS, stdio: /** @type {const} */ ('ignore') };
if (succeeds(process.execPath, ['scripts/install.js'], options) && tfjsNodeWorks(PROJECT_DIR)) done('works');

console.log("  that failed; TensorFlow's library comes from PyPI instead");
const temporary = mkdtempSync(join(tmpdir(), 'stockcast-accelerate-'));
try {
  const has = (/** @type {string} */ command, /** @type {string[]} */ args) =>
    succeeds(command, args, { stdio: 'ignore' });
  const missing = whyNoBuild({ platform: process.platform, arch: process.arch, has });
  if (missing !== undefined) throw new Error(missing);
  takeLibraryFromWheel();
  compileBinding();
  if (!tfjsNodeWorks(PROJECT_DIR)) throw new Error('what was built does not run');
} catch (error) {
  // Half of it would be taken for a broken installation, and training would refuse to begin.
  rmSync(PACKAGE_DIR, { recursive: true, force: true });
  const why = error instanceof Error ? error.message : String(error);
  console.error(`tfjs-node can't be built from PyPI's TensorFlow: ${why}. LSTMs go on training on WebAssembly.`);
  process.exitCode = 1;
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
if (process.exitCode !== 1) done('works');

function takeLibraryFromWheel() {
  step(`downloading ${WHEEL} with pip (230 MB)`);
  const download = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', ...WHEEL_FOR, ...PLATFORMS];
  if (!succeeds('python3', [...download, '--dest', temporary, WHEEL]))
    throw new Error(`pip can't download ${WHEEL}; see above`);
  const wheel = readdirSync(temporary).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`pip downloaded no wheel of ${WHEEL}`);
  const deps = join(PACKAGE_DIR, 'deps');
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(join(deps, 'lib'), { recursive: true });
  // Node reads no zip files. The headers are those that the C interface includes.
  const source = `
import pathlib, shutil, sys, zipfile
deps = pathlib.Path(sys.argv[2])
roots = ["tensorflow/c/", "tensorflow/core/platform/", "tensorflow/tsl/", "tsl/", "xla/tsl/c/"]
headers = tuple("tensorflow/include/" + root for root in roots)
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name in ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"):
            to = deps / "lib" / name.split("/")[1]
        elif name.startswith(headers) and name.endswith(".h"):
            to = deps / name.removeprefix("tensorflow/")
        else:
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        with wheel.open(name) as packed, to.open("wb") as plain:
            shutil.copyfileobj(packed, plain, 1 << 20)
`;
  if (!succeeds('python3', ['-c', source, join(temporary, wheel), deps]))
    throw new Error("the wheel can't be unpacked; see above");
  symlinkSync('libtensorflow_cc.so.2', join(deps, 'lib', 'libtensorflow.so'));
  symlinkSync('libtensorflow_framework.so.2', join(deps, 'lib', 'libtensorflow_framework.so'));
}

function compileBinding() {
  step('compiling the binding with g++');
  // As far as tfjs-node knows the interface for native modules.
  const version = Math.min(8, Number(process.versions.napi));
  const to = join('lib', `napi-v${version}`);
  mkdirSync(join(PACKAGE_DIR, to), { recursive: true });
  const definitions = [`-DNAPI_VERSION=${version}`, '-DNODE_GYP_MODULE_NAME=tfjs_binding', '-DBUILDING_NODE_EXTENSION'];
  const sources = ['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc'];
  const libraries = ['-Ldeps/lib', '-ltensorflow', '-ltensorflow_framework', '-Wl,-rpath,$ORIGIN/../../deps/lib'];
  const includes = ['-I.', '-Ideps/include', `-I${nodeHeaders()}`];
  const how = ['-O2', '-std=c++17', '-shared', '-fPIC', ...definitions, ...includes];
  const args = [...how, ...sources, ...libraries, '-o', join(to, 'tfjs_binding.node')];
  if (!succeeds('g++', args, { cwd: PACKAGE_DIR })) throw new Error("g++ can't compile the binding; see above");
}

/** The headers that came with Node, or else those of the package node-api-headers. */
function nodeHeaders() {
  const own = join(dirname(process.execPath), '..', 'include', 'node');
  if (existsSync(join(own, 'node_api.h'))) return own;
  const args = ['install', '--prefix', temporary, '--no-audit', '--no-fund', 'node-api-headers@1.5.0'];
  if (!succeeds('npm', args)) throw new Error("npm can't install node-api-headers; see above");
  return join(temporary, 'node_modules', 'node-api-headers', 'include');
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, timeout?: number, stdio?: 'ignore' | 'inherit' }} [how]
 */
function succeeds(command, args, { cwd = PROJECT_DIR, timeout, stdio = 'inherit' } = {}) {
  return spawnSync(command, args, { cwd, timeout, stdio, shell: process.platform === 'win32' }).status === 0;
}

/** @param {string} text */
function step(text) {
  console.log(`- ${text}`);
}

/**
 * @param {string} how
 * @returns {never}
 */
function done(how) {
  console.log(`${TFJS_NODE} ${how}. LSTMs train on it from now on; run this again after packages were installed anew.`);
  process.exit(0);
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(message);
  process.exit(1);
}
