import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {boolean} [link]
 * @property {boolean} [dev]
 * @property {boolean} [optional]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 * @property {string[]} [libc]
 * @property {Record<string, string>} [optionalDependencies]
 */
/** @typedef {{ packages: Record<string, LockedPackage> }} Lock */
/** @typedef {{ os: string, cpu: string, libc: string | undefined }} Platform */

/** npm writes it when it is done, and takes it away while it works. */
const DONE = join('node_modules', '.package-lock.json');

/**
 * Why the packages below `dir` are not those of the lock file; undefined when they are. Looks at each package itself,
 * since npm's own record stays as it is when somebody changes them. What is made for other machines may be absent.
 * @param {string} dir
 * @param {Lock} lock
 * @param {Platform} platform
 * @returns {string | undefined}
 */
export function reasonToInstall(dir, lock, platform) {
  if (!hasPackages(join(dir, 'node_modules'))) return 'they are not there yet';
  if (!existsSync(join(dir, DONE))) return 'an earlier installation was not finished';
  for (const [path, wanted] of Object.entries(lock.packages)) {
    if (path === '' || wanted.link) continue;
    const version = versionIn(join(dir, path));
    if (version === wanted.version) continue;
    const name = path.replace(/^.*node_modules\//, '');
    if (version !== undefined) return `${name} is ${version} where package-lock.json says ${wanted.version}`;
    if (!wanted.optional || isMadeFor(wanted, platform)) return `${name} is missing`;
  }
  const [native] = unlockedNativeParts(dir, lock, platform);
  return native === undefined ? undefined : `${native} is missing`;
}

/**
 * The parts for this machine, as `name@version`, that packages name but the lock file lacks, since it was made on
 * another kind of machine; npm would leave them out. Those that are installed already are left out.
 * @param {string} dir
 * @param {Lock} lock
 * @param {Platform} platform
 * @returns {string[]}
 */
export function unlockedNativeParts(dir, lock, platform) {
  const os = platform.os === 'win32' ? 'win(32|dows)' : platform.os;
  const libc = platform.libc === 'musl' ? '-musl' : '(-gnu|-msvc)?';
  const own = new RegExp(`[/-]${os}-${platform.cpu}${libc}$`);
  return Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => own.test(name) && !(`node_modules/${name}` in lock.packages))
      .filter(([name, version]) => versionIn(join(dir, 'node_modules', name)) !== version)
      .map(([name, version]) => `${name}@${version}`),
  );
}

/**
 * The machine this runs on, in npm's words.
 * @returns {Platform}
 */
export function thisPlatform() {
  return { os: process.platform, cpu: process.arch, libc: process.platform === 'linux' ? libcOf() : undefined };
}

function libcOf() {
  return existsSync('/lib/ld-musl-x86_64.so.1') || existsSync('/lib/ld-musl-aarch64.so.1') ? 'musl' : 'glibc';
}

/** @param {string} dir */
function hasPackages(dir) {
  return existsSync(dir) && readdirSync(dir).some((name) => !name.startsWith('.'));
}

/**
 * @param {LockedPackage} wanted
 * @param {Platform} platform
 */
function isMadeFor(wanted, platform) {
  // Optional packages without a machine of their own belong to others that have one.
  if (wanted.os === undefined && wanted.cpu === undefined) return false;
  /** @type {(names: string[] | undefined, own: string | undefined) => boolean} */
  const allows = (names, own) => names === undefined || own === undefined || names.includes(own);
  return allows(wanted.os, platform.os) && allows(wanted.cpu, platform.cpu) && allows(wanted.libc, platform.libc);
}

/**
 * @param {string} dir
 * @returns {string | undefined}
 */
function versionIn(dir) {
  try {
    return JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')).version;
  } catch {
    // Absent, or cut off by a kill: not installed either way.
    return undefined;
  }
}
