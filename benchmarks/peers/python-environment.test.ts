import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pythonEnvironment } from './python-environment.ts';

const hasPython = spawnSync('python3', ['-c', 'import venv, ensurepip']).status === 0;
let folder: string;
let requirements: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockcast-peers-'));
  requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, '# nothing\n');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('pythonEnvironment', () => {
  it('says what to do when there is no Python', async () => {
    const options = { requirements, cache: join(folder, 'cache'), python: join(folder, 'no-python') };
    await expect(pythonEnvironment(() => {}, options)).rejects.toThrow(
      /no-python was not found\. Install Python 3\.11 or later.*leave its peers out with --subjects/,
    );
    expect(await readdir(options.cache)).toEqual([]);
  });

  it.skipIf(!hasPython)(
    'makes an environment once for each content of the requirements',
    { timeout: 120_000 },
    async () => {
      const cache = join(folder, 'cache');
      const told: string[] = [];
      const python = await pythonEnvironment((text) => told.push(text), { requirements, cache });
      expect(spawnSync(python, ['-c', 'import sys; print(sys.prefix != sys.base_prefix)']).stdout.toString()).toBe(
        'True\n',
      );
      expect(await pythonEnvironment((text) => told.push(text), { requirements, cache })).toBe(python);
      expect(told).toHaveLength(1);
      await writeFile(requirements, 'stockcast-no-such-package @ file:///nowhere/at-all\n');
      await expect(pythonEnvironment(() => {}, { requirements, cache })).rejects.toThrow("pip can't install");
      expect(await readdir(cache)).toHaveLength(1);
    },
  );
});
