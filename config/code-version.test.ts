import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildId, codeVersion } from './code-version.ts';
import { PROJECT_DIR } from './project-dir.ts';

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'stockcast-code-'));
  for (const room of ['domain', 'models', 'market'])
    cpSync(join(PROJECT_DIR, room), join(copy, room), { recursive: true });
});
afterAll(() => rmSync(copy, { recursive: true }));

it('is the same wherever the sources lie', () => {
  expect(codeVersion(copy)).toBe(codeVersion(PROJECT_DIR));
  expect(codeVersion(copy)).toMatch(/^[0-9a-f]{64}$/);
});

it('changes with a source that computes, and not with a test', () => {
  const before = codeVersion(copy);
  writeFileSync(join(copy, 'models', 'added.test.ts'), 'export {};');
  expect(codeVersion(copy)).toBe(before);
  writeFileSync(join(copy, 'models', 'added.ts'), 'export {};');
  expect(codeVersion(copy)).not.toBe(before);
});

it('a build is named by version and code, and the same code has the same name', () => {
  expect(buildId(PROJECT_DIR)).toMatch(/^\d+\.\d+\.\d+-[0-9a-f]{12}$/);
  expect(buildId(PROJECT_DIR)).toBe(buildId(PROJECT_DIR));
});
