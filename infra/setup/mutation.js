// npm run mutation: breaks the models' arithmetic in one small way after another and counts what the tests beside it
// notice, folder by folder; ends with a table and fails when a folder's tests miss more than they may. What has been tried
// is kept, so that a further run tries only what changed, and a run that was stopped goes on with the next folder. Takes
// folders or files to try nothing else, and options for Stryker after them:
//
//     npm run mutation -- models/gate models/features/labels.ts --concurrency 1
//
// Stryker is fetched at first use, into a folder of its own, so that installing the project stays quick.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT_DIR = fileURLToPath(new URL('../..', import.meta.url));
// Below the project: there Stryker finds the project's own vitest, without which tests would meet a second one.
const TOOL_DIR = join(PROJECT_DIR, '.stockcast', 'mutation');
// The newest that run on Node 20.
const VERSION = '9.6.1';
const PACKAGES = ['@stryker-mutator/core', '@stryker-mutator/vitest-runner'];

// Quick ones first. The tests of each are its own, so that a mutant meets no test of another folder.
const FOLDERS = [
  'models/ensemble',
  'models/features',
  'models/gate',
  'models/intervals',
  'models/evaluation/statistics',
  'models/evaluation',
];
// Of a hundred mutants, so many must be noticed.
const LEAST_PERCENT = 85;

const args = process.argv.slice(2);
const nPaths = args.findIndex((argument) => argument.startsWith('-'));
const paths = nPaths < 0 ? args : args.slice(0, nPaths);
const options = args.slice(paths.length);
const chosen = paths.length === 0 ? FOLDERS : paths;
const unknown = chosen.find((path) => folderOf(path) === undefined);
if (unknown !== undefined) {
  console.error(`${unknown} is neither one of these folders nor a file in one:\n  ${FOLDERS.join('\n  ')}`);
  process.exit(2);
}
const taken = options.find((option) => /^(--mutate|-m$|--testFiles|--incrementalFile)/.test(option));
if (taken !== undefined) {
  console.error(`${taken} is set for each folder: name the folders or files to try instead, before any options.`);
  process.exit(2);
}
if (!PACKAGES.every(isInstalled)) install();

chosen.forEach((path, done) => {
  console.log(`- ${path} (${done + 1} of ${chosen.length})`);
  const status = runStryker(/** @type {string} */ (folderOf(path)), path);
  if (status !== 0) {
    console.error(`Stryker could not try ${path}; see above. What was tried before is kept.`);
    process.exit(status ?? 1);
  }
});
printTable();

/** @param {string} path a folder of the list, or a file right in one */
function folderOf(path) {
  return FOLDERS.find((folder) => path === folder || (path.endsWith('.ts') && dirname(path) === folder));
}

/**
 * @param {string} folder
 * @param {string} path
 */
function runStryker(folder, path) {
  const base = JSON.parse(readFileSync(join(PROJECT_DIR, 'stryker.config.json'), 'utf8'));
  const mutate = path === folder ? [`${folder}/*.ts`, '!**/*.test.ts'] : [path];
  const configFile = join(TOOL_DIR, `${nameOf(folder)}.config.json`);
  writeFileSync(configFile, JSON.stringify({ ...base, mutate, incrementalFile: resultsFile(folder) }));
  const stryker = join(TOOL_DIR, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  // Not Stryker's own --testFiles, with which mutants of what runs at import are never tried: tests/mutation reads this.
  const env = { ...process.env, STOCKCAST_MUTATION_FOLDER: folder };
  return run(process.execPath, [stryker, 'run', configFile, ...options], { env });
}

/** @param {string} folder */
function resultsFile(folder) {
  return `.stockcast/mutation/${nameOf(folder)}.json`;
}

/** @param {string} folder */
function nameOf(folder) {
  return folder.replaceAll('/', '-');
}

/** Prints how many mutants of each folder the tests noticed; fails when too few. */
function printTable() {
  console.log(`\n${row('folder', 'noticed', 'tried', 'percent')}`);
  for (const folder of FOLDERS) {
    const within = FOLDERS.filter((other) => other === folder || other.startsWith(`${folder}/`));
    if (!within.every((each) => existsSync(join(PROJECT_DIR, resultsFile(each))))) {
      console.log(row(folder, '', '', 'not tried'));
      continue;
    }
    const mutants = within.flatMap(triedIn);
    const noticed = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
    const percent = (100 * noticed) / mutants.length;
    if (percent < LEAST_PERCENT) process.exitCode = 1;
    console.log(row(folder, noticed, mutants.length, percent.toFixed(1)));
  }
  if (process.exitCode === 1) console.error(`Less than ${LEAST_PERCENT}% in a folder: its list above says where.`);
}

/** @param {(string | number)[]} cells */
function row(...cells) {
  return cells.map((cell, i) => (i === 0 ? String(cell).padEnd(30) : String(cell).padStart(9))).join('');
}

/**
 * The mutants of a folder that could be noticed: not those that a comment beside the code excepts, or that cannot run.
 *
 * @param {string} folder
 * @returns {{ status: string }[]}
 */
function triedIn(folder) {
  const { files } = JSON.parse(readFileSync(join(PROJECT_DIR, resultsFile(folder)), 'utf8'));
  const mutants = Object.values(files).flatMap((file) => file.mutants);
  return mutants.filter(({ status }) => ['Killed', 'Timeout', 'Survived', 'NoCoverage'].includes(status));
}

function install() {
  console.log(`- installing Stryker ${VERSION} with npm`);
  mkdirSync(TOOL_DIR, { recursive: true });
  // Without one of its own, npm would take the project's package.json for the one to install into.
  writeFileSync(join(TOOL_DIR, 'package.json'), '{ "private": true }\n');
  // The peer, vitest, is the project's.
  const where = ['--prefix', TOOL_DIR, '--legacy-peer-deps', '--save-exact'];
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund'];
  const packages = PACKAGES.map((name) => `${name}@${VERSION}`);
  const shell = process.platform === 'win32';
  if (run('npm', ['install', ...where, ...quietly, ...packages], { shell }) !== 0) {
    console.error(`npm could not install Stryker ${VERSION}; see above.`);
    process.exit(1);
  }
}

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
 * @param {{ shell?: boolean, env?: NodeJS.ProcessEnv }} how
 */
function run(command, args, how) {
  return spawnSync(command, args, { cwd: PROJECT_DIR, stdio: 'inherit', ...how }).status;
}
