import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LockedPackage, reasonToInstall, unlockedNativeParts } from './installed-packages.js';

const LINUX = { os: 'linux', cpu: 'x64', libc: 'glibc' };

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-packages-'));
  put('node_modules/.package-lock.json', {});
  put('node_modules/one/package.json', { version: '1.0.0' });
  put('node_modules/@scope/other/package.json', { version: '3.0.0' });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function put(file: string, content: object): void {
  mkdirSync(join(dir, file, '..'), { recursive: true });
  writeFileSync(join(dir, file), JSON.stringify(content));
}

const locked = (packages: Record<string, LockedPackage> = {}) => ({
  packages: { '': { version: '9.9.9' }, 'node_modules/one': { version: '1.0.0' }, ...packages },
});

describe('reasonToInstall', () => {
  it('finds none where every package is there in its version', () => {
    expect(reasonToInstall(dir, locked(), LINUX)).toBeUndefined();
  });

  it('sees that nothing is installed', () => {
    rmSync(join(dir, 'node_modules'), { recursive: true });
    expect(reasonToInstall(dir, locked(), LINUX)).toBe('they are not there yet');
    mkdirSync(join(dir, 'node_modules', '.bin'), { recursive: true });
    expect(reasonToInstall(dir, locked(), LINUX)).toBe('they are not there yet');
  });

  it('sees that npm was interrupted', () => {
    rmSync(join(dir, 'node_modules', '.package-lock.json'));
    expect(reasonToInstall(dir, locked(), LINUX)).toBe('an earlier installation was not finished');
  });

  it("sees another version, whatever npm's own record says", () => {
    put('node_modules/one/package.json', { version: '1.0.1' });
    expect(reasonToInstall(dir, locked(), LINUX)).toBe('one is 1.0.1 where package-lock.json says 1.0.0');
  });

  it.each([
    ['is not there', () => rmSync(join(dir, 'node_modules', 'one'), { recursive: true })],
    ['was cut off', () => writeFileSync(join(dir, 'node_modules', 'one', 'package.json'), '{"vers')],
  ])('sees that a package %s', (_, harm) => {
    harm();
    expect(reasonToInstall(dir, locked(), LINUX)).toBe('one is missing');
  });

  it('sees a package inside of another', () => {
    const nested = { 'node_modules/one/node_modules/@scope/two': { version: '2.0.0' } };
    expect(reasonToInstall(dir, locked(nested), LINUX)).toBe('@scope/two is missing');
  });

  it.each<[string, LockedPackage, boolean]>([
    ['for this machine', { os: ['linux'], cpu: ['x64'], libc: ['glibc'] }, true],
    ['for any libc', { os: ['linux'], cpu: ['x64'] }, true],
    ['for another system', { os: ['darwin'], cpu: ['x64'] }, false],
    ['for another processor', { os: ['linux'], cpu: ['arm64'] }, false],
    ['for another libc', { os: ['linux'], cpu: ['x64'], libc: ['musl'] }, false],
    ['that belongs to a part for another machine', {}, false],
  ])('wants an optional part %s: %o, %s', (_, machine, wanted) => {
    const part = { 'node_modules/part': { version: '1.0.0', optional: true, ...machine } };
    expect(reasonToInstall(dir, locked(part), LINUX)).toBe(wanted ? 'part is missing' : undefined);
  });
});

describe('unlockedNativeParts', () => {
  const lock = locked({
    'node_modules/one': {
      version: '1.0.0',
      optionalDependencies: {
        '@one/linux-x64-gnu': '1.0.0',
        '@one/linux-x64-musl': '1.0.0',
        '@one/linux-arm64': '1.0.0',
        '@one/darwin-arm64': '1.0.0',
        'one-darwin-x64': '1.0.0',
        '@one/windows-x64': '1.0.0',
        '@one/win32-x64-msvc': '1.0.0',
        'not-darwin-arm64-at-all': '1.0.0',
      },
    },
    'node_modules/@one/linux-x64-gnu': {
      version: '1.0.0',
      optional: true,
      os: ['linux'],
      cpu: ['x64'],
      libc: ['glibc'],
    },
  });

  it.each([
    ['linux', 'x64', 'glibc', []],
    ['linux', 'x64', 'musl', ['@one/linux-x64-musl@1.0.0']],
    ['linux', 'arm64', 'glibc', ['@one/linux-arm64@1.0.0']],
    ['darwin', 'arm64', undefined, ['@one/darwin-arm64@1.0.0']],
    ['darwin', 'x64', undefined, ['one-darwin-x64@1.0.0']],
    ['win32', 'x64', undefined, ['@one/windows-x64@1.0.0', '@one/win32-x64-msvc@1.0.0']],
  ])('names what a lock file from another machine lacks on %s %s %s', (os, cpu, libc, parts) => {
    expect(unlockedNativeParts(dir, lock, { os, cpu, libc })).toEqual(parts);
  });

  it('leaves out what is there, and is a reason to install until then', () => {
    const mac = { os: 'darwin', cpu: 'arm64', libc: undefined };
    expect(reasonToInstall(dir, lock, mac)).toBe('@one/darwin-arm64@1.0.0 is missing');
    put('node_modules/@one/darwin-arm64/package.json', { version: '1.0.0' });
    expect(unlockedNativeParts(dir, lock, mac)).toEqual([]);
    expect(reasonToInstall(dir, lock, mac)).toBeUndefined();
  });
});
