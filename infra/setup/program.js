// Compiles the TypeScript of a program into JavaScript, once for each state of its sources: loading hundreds of files one
// by one through a loader takes longer than most commands do. Also a command of its own, for whoever makes an image: it
// makes the bundles of the workflows, too.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PROJECT_DIR = fileURLToPath(new URL('../..', import.meta.url));
const CACHE_DIR = join(PROJECT_DIR, 'node_modules', '.cache', 'stockcast', 'programs');
/** What shares one compilation: the command line, and what it starts as processes and threads. */
const STARTED_TOGETHER = [
  'cli/main.ts',
  'api/replica-main.ts',
  'workers/training-thread.ts',
  'workers/workflow-bundle.ts',
];
/** Of each program: processes that still run from an older compilation may want another piece of it. */
const KEPT_COMPILATIONS = 20;
const { version: ESBUILD } = createRequire(import.meta.url)('esbuild/package.json');

/** @typedef {{ hash: string, inputs: string[] }} Stamp what was compiled: a hash of these files, by path in the project */

/** @type {Map<string, Promise<string>>} */
const compilations = new Map();

/**
 * URL of the JavaScript that a TypeScript file was compiled to, with all it imports but packages. A process that asks
 * again is given pieces of the same compilation, whatever became of the sources.
 * @param {string} entry path in the project, with `/`, such as `cli/main.ts`
 * @returns {Promise<string>}
 * @throws Error when a source cannot be compiled, or the compilation not be written
 */
export async function compiledProgram(entry) {
  const entries = STARTED_TOGETHER.includes(entry) ? STARTED_TOGETHER : [entry];
  const name = /** @type {string} */ (entries[0]).replace(/\W+/g, '-');
  let compilation = compilations.get(name);
  if (compilation === undefined) {
    compilation = keptOrNew(name, entries);
    compilations.set(name, compilation);
  }
  return pathToFileURL(join(await compilation, entry.replace(/\.ts$/, '.js'))).href;
}

/**
 * @param {string} name
 * @param {string[]} entries
 * @returns {Promise<string>} the folder
 */
async function keptOrNew(name, entries) {
  const stampPath = join(CACHE_DIR, `${name}.json`);
  const kept = readStamp(stampPath);
  if (kept !== undefined && isOfNow(kept) && existsSync(dirOf(name, kept.hash))) return dirOf(name, kept.hash);
  try {
    return await compile(name, entries, stampPath);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM') throw error;
    const problem = 'The program has changed since it was compiled, and this user may not write its folder';
    throw new Error(`${problem} ${CACHE_DIR} (${code}): run "node infra/setup/program.js" as the owner.`, {
      cause: error,
    });
  }
}

/**
 * @param {string} name
 * @param {string} hash
 */
function dirOf(name, hash) {
  return join(CACHE_DIR, `${name}-${hash.slice(0, 16)}`);
}

/**
 * @param {string} name
 * @param {string[]} entries
 * @param {string} stampPath
 */
async function compile(name, entries, stampPath) {
  const { build } = await import('esbuild');
  const unfinished = dirOf(name, `unfinished-${process.pid}`);
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  /** @type {Map<string, string>} */
  const sources = new Map();
  await build({
    absWorkingDir: PROJECT_DIR,
    entryPoints: entries,
    outbase: PROJECT_DIR,
    outdir: unfinished,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'silent',
    plugins: [ownAddress(sources)],
  });
  const inputs = [...sources.keys()].sort();
  // Of what was compiled, though a source may have changed meanwhile.
  const hash = hashOf(inputs.map((input) => [input, /** @type {string} */ (sources.get(input))]));
  const dir = dirOf(name, hash);
  writeFileSync(join(unfinished, 'package.json'), '{ "type": "module" }\n');
  put(unfinished, dir);
  writeFileSync(`${unfinished}.json`, JSON.stringify({ hash, inputs }));
  renameSync(`${unfinished}.json`, stampPath);
  removeOld(name);
  return dir;
}

/**
 * A module's address stays that of its source, by which it finds other files of the project. This file is not compiled:
 * what it has compiled for a process is known to all of it.
 * @param {Map<string, string>} sources is given every source that is read, by its path in the project
 * @returns {import('esbuild').Plugin}
 */
function ownAddress(sources) {
  return {
    name: 'own-address',
    setup(build) {
      build.onResolve({ filter: /\/setup\/program\.js$/ }, () => ({ path: import.meta.url, external: true }));
      build.onLoad({ filter: /./ }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        sources.set(relative(PROJECT_DIR, path).split(sep).join('/'), source);
        const address = JSON.stringify(pathToFileURL(path).href);
        return { contents: source.replaceAll('import.meta.url', address), loader: 'default' };
      });
    },
  };
}

/** @param {Stamp} stamp */
function isOfNow({ hash, inputs }) {
  /** @type {[string, string][]} */
  const sources = [];
  for (const input of inputs) {
    const source = readIfThere(join(PROJECT_DIR, ...input.split('/')));
    if (source === undefined) return false;
    sources.push([input, source]);
  }
  return hashOf(sources) === hash;
}

/** @param {readonly (readonly [path: string, source: string])[]} sources */
function hashOf(sources) {
  const hash = createHash('sha256').update(`${ESBUILD}\0${PROJECT_DIR}\0`);
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  for (const [path, source] of sources) hash.update(`\0${path}\0`).update(source);
  return hash.digest('hex');
}

/**
 * @param {string} path
 * @returns {Stamp | undefined}
 */
function readStamp(path) {
  const text = readIfThere(path);
  return text === undefined ? undefined : JSON.parse(text);
}

/** @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Moves a finished folder to its place, unless another process was quicker.
 * @param {string} from
 * @param {string} to
 */
function put(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error;
    rmSync(from, { recursive: true });
  }
}

/** @param {string} name */
function removeOld(name) {
  const dirs = readdirSync(CACHE_DIR, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith(`${name}-`))
    .map((entry) => ({ path: join(CACHE_DIR, entry.name), madeAt: statSync(join(CACHE_DIR, entry.name)).mtimeMs }))
    .sort((a, b) => b.madeAt - a.madeAt);
  for (const { path } of dirs.slice(KEPT_COMPILATIONS)) rmSync(path, { recursive: true, force: true });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { keptWorkflowBundle } = await import(await compiledProgram('workers/workflow-bundle.ts'));
  await Promise.all([keptWorkflowBundle(), keptWorkflowBundle({ traced: true })]);
}
