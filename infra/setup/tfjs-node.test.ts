import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { TFJS_NODE, tfjsNodeWorks, whyNoBuild, whyNoTfjsNode } from './tfjs-node.js';

describe('npm run accelerate', () => {
  it('installs the version that belongs to the other TensorFlow.js packages', () => {
    expect(TFJS_NODE).toBe(`@tensorflow/tfjs-node@${packageJson.dependencies['@tensorflow/tfjs-core']}`);
    expect(TFJS_NODE).toBe(`@tensorflow/tfjs-node@${packageJson.peerDependencies['@tensorflow/tfjs-node']}`);
  });

  it('says on which versions of Node it is of use', () => {
    for (const version of ['20.19.0', '22.20.0']) expect(whyNoTfjsNode(version)).toBeUndefined();
    for (const version of ['23.0.0', '24.19.1']) expect(whyNoTfjsNode(version)).toContain(`this is ${version}`);
  });

  it('says what is missing to build the native part', () => {
    const machine = (missing: string) => ({
      platform: 'linux',
      arch: 'x64',
      has: (command: string) => command !== missing,
    });
    expect(whyNoBuild(machine('nothing'))).toBeUndefined();
    expect(whyNoBuild(machine('g++'))).toContain('needs g++');
    expect(whyNoBuild(machine('python3'))).toContain('needs python3 with pip');
    expect(whyNoBuild({ ...machine('nothing'), arch: 'arm64' })).toContain('this is linux arm64');
    expect(whyNoBuild({ ...machine('nothing'), platform: 'darwin' })).toContain('Linux x64 only');
  });

  it('does not take an absent tfjs-node for one that works', () => {
    const empty = mkdtempSync(join(tmpdir(), 'stockcast-tfjs-'));
    try {
      expect(tfjsNodeWorks(empty)).toBe(false);
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});
