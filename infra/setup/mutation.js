// npm run mutation: breaks the models' arithmetic in one small way after another and counts what the tests notice. Stryker
// is fetched at first use, into a folder of its own, so that installing the project stays quick. Arguments go to Stryker,
// say `npm run mutation -- --mutate models/features/labels.ts`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT_DIR = fileURLToPath(new URL('../..', import.meta.url));
// Below the project: there Stryker finds the project's own vitest, without which tests would meet a second one.
const TOOL_DIR = join(PROJECT_DIR, '.stockcast', 'mutation');
// The newest that run on Node 20.
const VERSION = '9.6.1';
const PACKAGES = ['@stryker-mutator/core', '@stryker-mutator/vitest-runner'];

if (!PACKAGES.every(isInstalled)) {
  console.log(`- installing Stryker ${VERSION} with npm`);
  mkdirSync(TOOL_DIR, { recursive: true });
  // Without one of its own, npm would take the project's package.json for the one to install into.
  writeFileSync(join(TOOL_DIR, 'package.json'), '{ "private": true }\n');
  // The peer, vitest, is the project's.
  const where = ['--prefix', TOOL_DIR, '--legacy-peer-deps', '--save-exact'];
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund'];
  const packages = PACKAGES.map((name) => `${name}@${VERSION}`);
  if (run('npm', ['install', ...where, ...quietly, ...packages], process.platform === 'win32') !== 0) {
    console.error(`npm could not install Stryker ${VERSION}; see above.`);
    process.exit(1);
  }
}
const stryker = join(TOOL_DIR, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
process.exitCode = run(process.execPath, [stryker, 'run', ...process.argv.slice(2)]) ?? 1;

/** @param {string} name */
function isInstalled(name) {
  try {
    const manifest = readFileSync(join(TOOL_DIR, 'node_modules', name, 'package.json'), 'utf8');
    return JSON.parse(manifest).version === VERSION;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {boolean} [shell]
 */
function run(command, args, shell = false) {
  return spawnSync(command, args, { cwd: PROJECT_DIR, stdio: 'inherit', shell }).status;
}
