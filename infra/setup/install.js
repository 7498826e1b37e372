// Runs before `npm start` and `npm test`, in plain Node, since nothing may be installed yet: checks Node's version,
// installs the packages where they are not those of package-lock.json, and makes `npx stockcast` work.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withFolderLock } from './folder-lock.js';
import { reasonToInstall, thisPlatform, unlockedNativeParts } from './installed-packages.js';
import { linkCommand } from './link-command.js';
import { whyNotThisNode } from './node-version.js';

const PROJECT_DIR = fileURLToPath(new URL('../..', import.meta.url));

const tooOld = whyNotThisNode(process.versions.node);
if (tooOld !== undefined) fail(tooOld);

const platform = thisPlatform();
/** @type {import('./installed-packages.js').Lock} */
const lock = JSON.parse(readFileSync(join(PROJECT_DIR, 'package-lock.json'), 'utf8'));
const reason = () => reasonToInstall(PROJECT_DIR, lock, platform);

if (reason() !== undefined) {
  await withFolderLock(
    join(PROJECT_DIR, 'node_modules', '.stockcast-install'),
    { onWait: () => console.error('another process is installing the packages; waiting for it') },
    install,
  );
}
linkCommand(PROJECT_DIR);

function install() {
  const why = reason();
  if (why === undefined) return;
  console.error(`installing the packages with npm, since ${why}`);
  // Not `npm ci`, which refuses a lock file made on another kind of machine; nothing is saved, so git sees no change.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev'];
  const { command, before } = npm();
  const { status, error } = spawnSync(
    command,
    [...before, ...args, ...unlockedNativeParts(PROJECT_DIR, lock, platform)],
    {
      cwd: PROJECT_DIR,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32' && before.length === 0,
    },
  );
  if (status !== 0) fail(`npm could not install the packages (${error?.message ?? `exit code ${status}`}); see above.`);
  const still = reason();
  if (still !== undefined)
    console.error(`npm is done, but ${still}; where that matters, delete node_modules and try again`);
}

/** The npm that runs this, or the one on PATH. */
function npm() {
  const running = process.env.npm_execpath;
  if (running !== undefined && /^npm(-cli)?\.(c|m)?js$/.test(basename(running)))
    return { command: process.execPath, before: [running] };
  return { command: 'npm', before: [] };
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(message);
  process.exit(1);
}
