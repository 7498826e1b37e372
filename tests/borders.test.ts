import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_DIR } from '../config/project-dir.ts';

// A rule that sees nothing looks like one that passes: each border is broken here on purpose. Every piece of source lies
// in a tree of its own below this project's rules, and all are looked at together, since starting the linter is dear.
const pieces: { readonly file: string; readonly source: string }[] = [];
const tree = mkdtempSync(join(tmpdir(), 'stockcast-borders-'));
let findings: readonly Finding[];

interface Finding {
  readonly code: string;
  readonly help?: string;
  readonly filename: string;
}

beforeAll(() => {
  for (const [number, { file, source }] of pieces.entries()) {
    const path = join(tree, String(number), file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, source);
    cpSync(join(PROJECT_DIR, '.oxlintrc.json'), join(tree, String(number), '.oxlintrc.json'));
  }
  const oxlint = join(PROJECT_DIR, 'node_modules', '.bin', 'oxlint');
  const { stdout, status } = spawnSync(oxlint, ['--format=json'], { cwd: tree, encoding: 'utf8', maxBuffer: 64e6 });
  expect(status).toBe(1);
  const report = JSON.parse(stdout) as { diagnostics: Finding[]; number_of_files: number };
  expect(report.number_of_files).toBe(pieces.length);
  findings = report.diagnostics;
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

/** Adds a piece of source, and returns how to ask afterwards what was complained about in it. */
function plant(file: string, source: string): () => string {
  const path = join(String(pieces.push({ file, source }) - 1), file);
  return () =>
    findings
      .filter(({ filename, code }) => filename === path && /no-restricted-(imports|properties)/.test(code))
      .map(({ code, help }) => `${code}: ${help}`)
      .join('\n');
}

const importing = (source: string) => `import { x } from '${source}';\nexport const y = x;\n`;

describe('a border', () => {
  it.each(
    [
      ['domain/a.ts', '../models/b.ts', 'domain imports no other room'],
      ['domain/a.ts', 'node:fs', 'domain is pure'],
      ['domain/a.ts', 'zod', 'domain is pure'],
      ['domain/a.ts', '@temporalio/client', 'domain is pure'],
      ['domain/a.ts', '@noble/curves/ed25519.js', 'domain is pure'],
      ['domain/a.ts', '@nodelib/fs.walk', 'domain is pure'],
      ['models/forest/a.ts', '../../stores/b.ts', 'models import domain alone'],
      ['models/forest/a.ts', 'node:path', 'models are pure'],
      ['models/a.ts', '@duckdb/node-api', 'models are pure'],
      ['market/csv/a.ts', '../../stores/b.ts', 'market imports domain alone'],
      ['stores/bars/a.ts', '../../models/b.ts', 'stores import domain alone'],
      ['serving/a.ts', '../activities/b.ts', 'serving imports domain, models, market and stores'],
      ['serving/a.ts', '../config/b.ts', 'serving imports domain, models, market and stores'],
      ['activities/a.ts', '../models/b.ts', 'activities import domain and serving'],
      ['activities/a.ts', '../stores/b.ts', 'activities import domain and serving'],
      ['workflows/a.ts', '../activities/b.ts', 'workflows know activities as types only'],
      ['workflows/a.ts', '../serving/b.ts', 'workflows import domain'],
      ['workflows/a.ts', 'node:crypto', 'workflows are deterministic'],
      ['workflows/a.ts', 'zod', 'workflows are deterministic'],
      ['workflows/a.ts', '@temporalio/client', 'workflows are deterministic'],
      ['workflows/a.ts', '@temporalio/nexus', 'workflows are deterministic'],
      ['workflows/a.ts', '@tensorflow/tfjs', 'workflows are deterministic'],
      ['workers/a.ts', '../stores/b.ts', 'only workers/main.ts picks adapters'],
      ['workers/a.ts', '../infra/b.ts', 'only workers/main.ts picks adapters'],
      ['workers/a.ts', '../infra/setup/install.js', 'only workers/main.ts picks adapters'],
      ['workers/main.ts', '../api/b.ts', 'the composition root of workers'],
      ['workers/workflow-bundle.ts', '../serving/b.ts', 'made from their files'],
      ['workers/workflow-bundle.ts', '../infra/b.ts', 'made from their files'],
      ['api/routes/a.ts', '../../models/b.ts', 'api imports domain, serving'],
      ['api/routes/a.ts', '../../stores/b.ts', 'api knows ports of stores as types only'],
      ['api/routes/a.ts', '../../infra/postgres/b.ts', 'api imports domain, serving'],
      ['api/routes/a.ts', '../../config/b.ts', 'api imports domain, serving'],
      ['api/server.ts', '../models/b.ts', 'the composition root of the API'],
      ['cli/commands/a.ts', '../../market/b.ts', 'cli imports domain, serving'],
      ['cli/commands/a.ts', '../../infra/b.ts', 'cli imports domain, serving'],
      ['cli/commands/a.ts', '../../config/b.ts', 'cli imports domain, serving'],
      ['cli/commands/a.ts', '../../stores/b.ts', 'cli knows ports of stores as types only'],
      ['cli/parts.ts', '../config/b.ts', 'cli imports domain, serving'],
      ['cli/main.ts', '../models/b.ts', 'the composition root of the CLI'],
      ['cli/composition.ts', '../market/b.ts', 'the composition root of the CLI'],
      ['infra/a.ts', '../stores/b.ts', 'infra imports domain and config'],
      ['config/a.ts', '../stores/b.ts', 'config imports domain'],
    ].map(([file, source, complaint]) => ({ file, source, complaint, said: plant(file!, importing(source!)) })),
  )('is watched: $file must not import $source', ({ said, complaint }) => expect(said()).toContain(complaint));

  it.each(
    [
      ['an import for types', "import type { X } from '../stores/b.ts';\nexport type Y = X;\n"],
      ['an export of what another file has', "export { x } from '../stores/b.ts';\n"],
      ['an export of all that another file has', "export * from '../stores/b.ts';\n"],
      ['an import while the program runs', "export const f = () => import('../stores/b.ts');\n"],
    ].map(([what, source]) => ({ what, said: plant('domain/a.ts', source!) })),
  )('is watched: $what', ({ said }) => {
    expect(said()).toContain('domain imports no other room');
  });

  it.each(
    [
      ['domain/a.ts', './b.ts'],
      ['domain/a.ts', '@noble/hashes/sha2.js'],
      ['models/forest/a.ts', '../../domain/b.ts'],
      ['models/forest/a.ts', '../matrix.ts'],
      ['serving/a.ts', '../models/b.ts'],
      ['workflows/a.ts', '@temporalio/workflow'],
      ['workflows/a.ts', '@temporalio/common'],
      ['workflows/a.ts', '../domain/b.ts'],
      ['workflows/a.ts', './b.ts'],
      ['cli/composition.ts', '../config/b.ts'],
      ['workers/main.ts', '../stores/b.ts'],
      ['workers/workflow-bundle.ts', '../infra/setup/folder-lock.js'],
      ['workers/a.ts', '../infra/setup/program.js'],
      ['api/a.ts', '../infra/setup/program.js'],
      ['api/server.ts', '../stores/b.ts'],
      ['tests/a.test.ts', '../stores/b.ts'],
    ].map(([file, source]) => ({ file, source, said: plant(file!, importing(source!)) })),
  )('is open where it should be: $file may import $source', ({ said }) => expect(said()).toBe(''));

  it.each(
    [
      ['workflows/a.ts', '../activities/b.ts'],
      ['api/routes/a.ts', '../../stores/b.ts'],
      ['cli/commands/a.ts', '../../stores/b.ts'],
    ].map(([file, source]) => {
      const types = `import type { X } from '${source}';\nexport type Y = X;\n`;
      return { file, source, said: plant(file!, types) };
    }),
  )('lets $file know types of $source', ({ said }) => expect(said()).toBe(''));

  it.each(
    [
      'export const home = process.env.HOME;\n',
      "export const home = process['env'].HOME;\n",
      'const { env } = process;\nexport const home = env.HOME;\n',
      "import { env } from 'node:process';\nexport const home = env.HOME;\n",
    ].flatMap((source) =>
      ['domain', 'models', 'market', 'stores', 'serving', 'activities', 'workflows', 'workers', 'api', 'cli']
        .map((room) => `${room}/a.ts`)
        .concat('workers/main.ts', 'api/server.ts', 'cli/composition.ts', 'config/config.ts', 'infra/a.ts')
        .map((file) => ({ file, source, said: plant(file, source) })),
    ),
  )('keeps the environment to config and infra: $file, $source', ({ file, said }) => {
    if (/^(config|infra)/.test(file)) expect(said()).toBe('');
    else expect(said()).toMatch(/config\/ alone reads the environment|domain is pure|models are pure|deterministic/);
  });
});
