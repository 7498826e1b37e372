import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PROJECT_DIR } from '../../config/project-dir.ts';
import { CHECKS, runCheck } from './checks.js';

// A check that sees nothing looks like one that passes: each is given this project's settings and something to find.
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-checks-'));
  for (const file of ['tsconfig.json', '.oxlintrc.json', 'biome.json', 'knip.json'])
    cpSync(join(PROJECT_DIR, file), join(dir, file));
  symlinkSync(join(PROJECT_DIR, 'node_modules'), join(dir, 'node_modules'));
  write('package.json', JSON.stringify({ name: 'project', type: 'module', dependencies: { zod: '*' } }));
  write('cli/main.ts', "import { z } from 'zod';\nimport { two } from '../domain/two.ts';\n\nz.literal(two);\n");
  write('domain/two.ts', 'export const two = 2;\n');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(file: string, content: string): void {
  mkdirSync(dirname(join(dir, file)), { recursive: true });
  writeFileSync(join(dir, file), content);
}

const check = (name: string) => runCheck(CHECKS.find((one) => one.name === name)!, dir);

function expectFindings(name: string, words: readonly string[]): void {
  const { passed, said } = check(name);
  for (const word of words) expect(said).toContain(word);
  expect(passed).toBe(false);
}

describe('the static checks', () => {
  it.each(CHECKS)('$name: passes where there is nothing to find', ({ name }) => {
    expect(check(name)).toMatchObject({ passed: true });
  });

  it('types: finds wrong ones, and elements that may be missing', () => {
    write('domain/one.ts', 'export const one: string = 1;\n');
    write('domain/first.ts', 'export const first = (x: number[]): number => x[0];\n');
    expectFindings('types', ['domain/one.ts(1,14): error TS2322', 'domain/first.ts(1,47): error TS2322']);
  });

  it.each([
    ['a promise that nobody awaits', 'no-floating-promises', 'async function f() {}\nf();\n'],
    ['a circle', 'no-cycle', "import '../cli/main.ts';\nexport const two = 2;\n"],
    ['a broken border', 'domain imports no other room', "import '../cli/main.ts';\nexport const two = 2;\n"],
    ['something never used', 'no-unused-vars', 'const one = 1;\nexport const two = 2;\n'],
    ['a loose comparison', 'eqeqeq', 'export const f = (x: unknown) => x == 2;\n'],
  ])('lint and borders: finds %s', (_, words, source) => {
    write('domain/two.ts', source);
    expectFindings('lint and borders', [words]);
  });

  it('format: finds another one', () => {
    write('domain/two.ts', 'export const two = "2"\n');
    expectFindings('format', ['domain/two.ts']);
  });

  it('dead code: finds files, exports and packages that nothing imports, and packages that package.json lacks', () => {
    write('cli/main.ts', "import 'pg';\nimport '../domain/two.ts';\n");
    write('domain/lonely.ts', 'export const one = 1;\n');
    expectFindings('dead code', [
      'Unused files (1)\ndomain/lonely.ts',
      'Unused exports (1)\ntwo',
      'Unused dependencies (1)\nzod',
      'Unlisted dependencies (1)\npg',
    ]);
  });

  it('do not pass where their tool cannot be started', () => {
    expect(runCheck({ name: 'absent', command: join(dir, 'absent'), args: [] }, dir)).toMatchObject({ passed: false });
  });
});
