import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PROJECT_DIR } from '../../config/project-dir.ts';

// A project of its own with one package, from a file, so that npm needs no registry.
let root: string;
let project: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'stockcast-install-'));
  project = join(root, 'project');
  put('dependency/package.json', JSON.stringify({ name: 'dependency', version: '1.2.3' }));
  npm(['pack', '--pack-destination', root], join(root, 'dependency'));
  const dependencies = { dependency: 'file:../dependency-1.2.3.tgz' };
  put('project/package.json', JSON.stringify({ name: 'project', version: '1.0.0', type: 'module', dependencies }));
  put('project/cli/stockcast.js', '#!/usr/bin/env node\nconsole.log("the command line", ...process.argv.slice(2));\n');
  cpSync(join(PROJECT_DIR, 'infra', 'setup'), join(project, 'infra', 'setup'), { recursive: true });
  npm(['install', '--package-lock-only'], project);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => rmSync(join(project, 'node_modules'), { recursive: true, force: true }));

function put(file: string, content: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), content);
}

function npm(args: readonly string[], cwd: string): void {
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--offline'], { cwd, stdio: 'pipe' });
}

async function install(...nodeOptions: readonly string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [...nodeOptions, join('infra', 'setup', 'install.js')], { cwd: project });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (said += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  // What npm says about its own settings on a machine is no matter here.
  return { code, said: said.replace(/^npm warn .*\n/gm, '') };
}

const installed = () =>
  (JSON.parse(readFileSync(join(project, 'node_modules/dependency/package.json'), 'utf8')) as { version: string })
    .version;
const lock = () => readFileSync(join(project, 'package-lock.json'), 'utf8');

describe('the set-up before npm start and npm test', () => {
  it('installs what is missing, says why, and leaves the lock file as it is', async () => {
    const before = lock();
    const { code, said } = await install();
    expect(said).toMatch(/^installing the packages with npm, since they are not there yet\n/);
    expect(code).toBe(0);
    expect(installed()).toBe('1.2.3');
    expect(lock()).toBe(before);
  });

  it('says and does nothing when everything is there', async () => {
    await install();
    const { mtimeMs } = await stat('node_modules/.package-lock.json');
    expect(await install()).toEqual({ code: 0, said: '' });
    expect((await stat('node_modules/.package-lock.json')).mtimeMs).toBe(mtimeMs);
  });

  it('puts a changed package right', async () => {
    await install();
    put('project/node_modules/dependency/package.json', JSON.stringify({ name: 'dependency', version: '1.0.0' }));
    const { code, said } = await install();
    expect(said).toContain('since dependency is 1.0.0 where package-lock.json says 1.2.3');
    expect({ code, version: installed() }).toEqual({ code: 0, version: '1.2.3' });
  });

  it('makes the command line run by name', async () => {
    await install();
    const command = join(project, 'node_modules', '.bin', 'stockcast');
    expect(readlinkSync(command)).toBe('../../cli/stockcast.js');
    const said = execFileSync(command, ['doctor'], { encoding: 'utf8' });
    expect(said).toBe('the command line doctor\n');
  });

  it('installs once when it runs several times at once', async () => {
    const runs = await Promise.all([install(), install(), install()]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(runs.filter(({ said }) => said.startsWith('installing the packages'))).toHaveLength(1);
    expect(installed()).toBe('1.2.3');
  });

  it('refuses a Node that is too old, in words', async () => {
    put(
      'project/old-node.cjs',
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.18.3' } });",
    );
    const { code, said } = await install('--require', './old-node.cjs');
    expect({ code, said }).toEqual({
      code: 1,
      said: expect.stringContaining('stockcast needs Node 20.19 or newer; this is 20.18.3'),
    });
  });
});

async function stat(file: string) {
  const { stat: read } = await import('node:fs/promises');
  return read(join(project, file));
}
