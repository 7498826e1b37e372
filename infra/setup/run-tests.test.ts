import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PROJECT_DIR } from '../../config/project-dir.ts';

// A project of its own, on which the real vitest is let loose.
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stockcast-run-tests-'));
  symlinkSync(join(PROJECT_DIR, 'node_modules'), join(dir, 'node_modules'));
  write('package.json', '{"type":"module"}');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(file: string, content: string): void {
  writeFileSync(join(dir, file), content);
}

function run(...args: readonly string[]): { counts: unknown; said: string } {
  const source = `
    import { runTests } from './infra/setup/run-tests.js';
    console.log(JSON.stringify(runTests(${JSON.stringify(dir)}, ${JSON.stringify(args)})));`;
  // Without the variables of the vitest around this test.
  const { PATH, HOME } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    cwd: PROJECT_DIR,
    env: { PATH, HOME },
    encoding: 'utf8',
  });
  const lines = stdout.trim().split('\n');
  return { counts: JSON.parse(lines.at(-1)!), said: `${stdout}${stderr}` };
}

const PASSING = "import { it } from 'vitest';\nit('passes', () => {});\n";

describe('the counts of a test run', () => {
  it('are those of the tests', () => {
    write('a.test.js', `${PASSING}it.skip('is left out', () => {});\n`);
    expect(run().counts).toEqual({ passed: 1, failed: 0 });
    write('b.test.js', `${PASSING}it('fails', () => { throw new Error('no'); });\n`);
    expect(run().counts).toEqual({ passed: 2, failed: 1 });
  });

  it('have a failed one for each file that could not be loaded or set up, beside the failed tests', () => {
    write('a.test.js', `${PASSING}it('fails', () => { throw new Error('no'); });\n`);
    write('b.test.js', "import './nowhere.js';\n");
    write('c.test.js', `import { beforeAll } from 'vitest';\n${PASSING}beforeAll(() => { throw new Error('no'); });\n`);
    expect(run().counts).toEqual({ passed: 1, failed: 3 });
  });

  it('have a failed one where an error belongs to no test', () => {
    write('a.test.js', `${PASSING}Promise.reject(new Error('nobody waits'));\n`);
    expect(run().counts).toEqual({ passed: 1, failed: 1 });
  });

  it('have a failed one where too few lines are covered', () => {
    write('a.js', 'export function unused(x) {\n  return x + 1;\n}\n');
    write('a.test.js', `import './a.js';\n${PASSING}`);
    const coverage = { provider: 'istanbul', include: ['a.js'], reporter: [], thresholds: { lines: 90 } };
    write('vitest.config.js', `export default { test: { coverage: ${JSON.stringify(coverage)} } };\n`);
    expect(run('--coverage')).toEqual({
      counts: { passed: 1, failed: 1 },
      said: expect.stringContaining('does not meet global threshold (90%)'),
    });
    expect(run().counts).toEqual({ passed: 1, failed: 0 });
  });

  it('have a failed one where vitest was killed before it reported', () => {
    write('a.test.js', PASSING);
    write('set-up.js', "export default () => process.kill(process.pid, 'SIGKILL');\n");
    write('vitest.config.js', "export default { test: { globalSetup: ['set-up.js'] } };\n");
    expect(run()).toEqual({
      counts: { passed: 0, failed: 1 },
      said: expect.stringContaining('without a whole report'),
    });
  });

  it('have a failed one where there are no tests at all', () => {
    expect(run().counts).toEqual({ passed: 0, failed: 1 });
  });
});

describe('.ci/run', () => {
  it.each([
    ['3 passed, 0 failed', 0],
    ['3 passed, 1 failed', 1],
  ])('ends with the line of counts: %s', (line, code) => {
    write(
      'package.json',
      JSON.stringify({ scripts: { test: `node -e "console.log('${line}'); process.exit(${code})"` } }),
    );
    const ci = spawnSync('bash', ['-c', `mkdir .ci && cp '${PROJECT_DIR}/.ci/run' .ci/ && exec .ci/run 2>&1`], {
      cwd: dir,
      encoding: 'utf8',
    });
    expect(ci.stdout.trimEnd().split('\n').at(-1)).toBe(line);
    expect(ci.status).toBe(code);
  });
});
