import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_DIR } from '../config/project-dir.ts';

// A rule that sees nothing looks like one that passes: each border is broken here on purpose, in a tree of its own.
let tree: string;
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'stockcast-borders-'));
  cpSync(join(PROJECT_DIR, '.oxlintrc.json'), join(tree, '.oxlintrc.json'));
  symlinkSync(join(PROJECT_DIR, 'node_modules'), join(tree, 'node_modules'));
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

function lint(file: string, source: string): string {
  const path = join(tree, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, source);
  const oxlint = join(PROJECT_DIR, 'node_modules', '.bin', 'oxlint');
  const { stdout, status } = spawnSync(oxlint, [path], { cwd: tree, encoding: 'utf8' });
  rmSync(path);
  expect(status).toBe(/no-restricted-imports|no-process-env/.test(stdout) ? 1 : 0);
  // The report draws a frame and breaks lines; the words are what counts.
  return stdout.replace(/\s*\n[\s|:,`]*/g, ' ');
}

const importing = (source: string) => `import { x } from '${source}';\nexport const y = x;\n`;

describe('a border', () => {
  it.each([
    ['domain/a.ts', '../models/b.ts', 'domain imports no other room'],
    ['domain/a.ts', 'node:fs', 'domain is pure'],
    ['domain/a.ts', 'zod', 'domain is pure'],
    ['domain/a.ts', '@temporalio/client', 'domain is pure'],
    ['models/forest/a.ts', '../../stores/b.ts', 'models import domain alone'],
    ['models/forest/a.ts', 'node:path', 'models are pure'],
    ['models/a.ts', '@duckdb/node-api', 'models are pure'],
    ['market/csv/a.ts', '../../stores/b.ts', 'market imports domain alone'],
    ['stores/bars/a.ts', '../../models/b.ts', 'stores import domain alone'],
    ['serving/a.ts', '../activities/b.ts', 'serving imports domain, models, market and stores'],
    ['serving/a.ts', '../config/b.ts', 'serving imports domain, models, market and stores'],
    ['activities/a.ts', '../models/b.ts', 'activities import domain and serving'],
    ['activities/a.ts', '../stores/b.ts', 'activities import domain and serving'],
    ['workflows/a.ts', '../activities/b.ts', 'workflows import domain, and activities as types by value'],
    ['workflows/a.ts', '../serving/b.ts', 'workflows import domain'],
    ['workflows/a.ts', 'node:crypto', 'workflows are deterministic'],
    ['workflows/a.ts', '@temporalio/client', 'workflows are deterministic'],
    ['workers/a.ts', '../stores/b.ts', 'only workers/main.ts picks adapters'],
    ['workers/main.ts', '../api/b.ts', 'the composition root of workers'],
    ['api/routes/a.ts', '../../models/b.ts', 'api imports domain, serving'],
    ['api/routes/a.ts', '../../stores/b.ts', 'ports of stores as types by value'],
    ['api/routes/a.ts', '../../config/b.ts', 'api imports domain, serving'],
    ['api/server.ts', '../models/b.ts', 'the composition root of the API'],
    ['cli/commands/a.ts', '../../market/b.ts', 'cli imports domain, serving'],
    ['cli/commands/a.ts', '../../infra/b.ts', 'cli imports domain, serving'],
    ['cli/main.ts', '../models/b.ts', 'the composition root of the CLI'],
    ['infra/a.ts', '../stores/b.ts', 'infra imports domain and config'],
    ['config/a.ts', '../stores/b.ts', 'config imports domain'],
  ])('is watched: %s must not import %s', (file, source, complaint) => {
    expect(lint(file, importing(source))).toContain(complaint);
  });

  it.each([
    ['domain/a.ts', './b.ts'],
    ['domain/a.ts', '@noble/hashes/sha2.js'],
    ['models/forest/a.ts', '../../domain/b.ts'],
    ['models/forest/a.ts', '../matrix.ts'],
    ['serving/a.ts', '../models/b.ts'],
    ['workflows/a.ts', '@temporalio/workflow'],
    ['workers/main.ts', '../stores/b.ts'],
    ['api/server.ts', '../stores/b.ts'],
    ['tests/a.test.ts', '../stores/b.ts'],
  ])('is open where it should be: %s may import %s', (file, source) => {
    expect(lint(file, importing(source))).not.toContain('no-restricted-imports');
  });

  it('lets workflows know activities as types', () => {
    const source = "import type { x } from '../activities/b.ts';\nexport type Y = x;\n";
    expect(lint('workflows/a.ts', source)).not.toContain('no-restricted-imports');
  });

  it('keeps the environment to config, infra and the command line', () => {
    const source = 'export const home = process.env.HOME;\n';
    expect(lint('serving/a.ts', source)).toContain('no-process-env');
    expect(lint('config/a.ts', source)).not.toContain('no-process-env');
  });
});
