import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SETUP = fileURLToPath(new URL('.', import.meta.url));
const PACKAGES = fileURLToPath(new URL('../../node_modules/', import.meta.url));
const START = `
  process.setSourceMapsEnabled(true);
  const { compiledProgram } = await import('./infra/setup/program.js');
  await import(await compiledProgram('cli/main.ts'));
`;

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-program-'));
  put('package.json', '{ "type": "module" }');
  mkdirSync(join(dir, 'infra/setup'), { recursive: true });
  cpSync(join(SETUP, 'program.js'), join(dir, 'infra/setup/program.js'));
  mkdirSync(join(dir, 'node_modules'));
  symlinkSync(join(PACKAGES, 'esbuild'), join(dir, 'node_modules/esbuild'));
  put('api/replica-main.ts', 'export {};\n');
  put('workers/training-thread.ts', "console.log('thread');\n");
  put('workers/workflow-bundle.ts', 'export {};\n');
  put('domain/word.ts', "export const word: string = 'first';\n");
  put('cli/main.ts', "import { word } from '../domain/word.ts';\nconsole.log(word, import.meta.url);\n");
});

afterEach(() => rmSync(dir, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
}

function run(source = START) {
  const args = ['--input-type=module', '-e', source];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8' });
  return { stdout, stderr, status };
}

const compilations = () =>
  readdirSync(join(dir, 'node_modules/.cache/stockcast/programs')).filter((name) => !name.endsWith('.json'));

test('runs what the sources say, each at its own address, and compiles them once', () => {
  const address = `file://${join(dir, 'cli/main.ts')}`;
  expect(run()).toEqual({ stdout: `first ${address}\n`, stderr: '', status: 0 });
  const [kept] = compilations();
  const path = join(dir, 'node_modules/.cache/stockcast/programs', kept!);
  const { ino } = statSync(path);
  expect(run().stdout).toBe(`first ${address}\n`);
  expect(compilations()).toEqual([kept]);
  expect(statSync(path).ino).toBe(ino);
});

test('compiles anew when a source that is imported has changed, and not for others', () => {
  run();
  put('domain/other.ts', 'export {};\n');
  run();
  expect(compilations()).toHaveLength(1);
  put('domain/word.ts', "export const word: string = 'second';\n");
  expect(run().stdout).toMatch(/^second /);
  expect(compilations()).toHaveLength(2);
});

test('compiles anew when somebody has removed the compilation', () => {
  run();
  rmSync(join(dir, 'node_modules/.cache/stockcast/programs', compilations()[0]!), { recursive: true });
  expect(run()).toMatchObject({ stdout: expect.stringMatching(/^first /), status: 0 });
});

test('gives a process pieces of one compilation, though the sources change while it runs', () => {
  const { stdout } = run(`
    const { compiledProgram } = await import('./infra/setup/program.js');
    const { writeFileSync } = await import('node:fs');
    const { dirname } = await import('node:path');
    const main = await compiledProgram('cli/main.ts');
    writeFileSync('domain/word.ts', 'export const word = 2;');
    const thread = await compiledProgram('workers/training-thread.ts');
    console.log(dirname(dirname(main)) === dirname(dirname(thread)));
  `);
  expect(stdout).toBe('true\n');
});

test('tells of errors where they stand in the sources', () => {
  put(
    'domain/word.ts',
    "\nexport const word: string = fails();\nfunction fails(): never {\n  throw new Error('no');\n}\n",
  );
  expect(run().stderr).toContain(`at fails (${join(dir, 'domain/word.ts')}:4:9)`);
  put('domain/word.ts', 'export const word = ;\n');
  expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('domain/word.ts:1:20: ERROR') });
});

test('is compiled whole by each of several processes that start at once', async () => {
  const children = Array.from({ length: 3 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', START], { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number));
  expect(codes).toEqual([0, 0, 0]);
  expect(compilations()).toHaveLength(1);
});

test('keeps the newest compilations, for processes that still run from them', () => {
  for (let i = 0; i < 22; i++) {
    put('domain/word.ts', `export const word = ${i};\n`);
    expect(run().stdout).toMatch(new RegExp(`^${i} `));
  }
  expect(compilations()).toHaveLength(20);
  // Each start is a process; where the machine is busy they take long.
}, 240_000);

test('as a command it makes the bundles of the workflows, too, and says nothing else', () => {
  put(
    'workers/workflow-bundle.ts',
    'export const keptWorkflowBundle = async ({ traced = false } = {}) => console.log(traced);\n',
  );
  const args = [join(dir, 'infra/setup/program.js')];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8' });
  expect({ stdout, stderr, status }).toEqual({ stdout: 'false\ntrue\n', stderr: '', status: 0 });
  expect(compilations()).toHaveLength(1);
});
