import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keptWorkflowBundle } from './workflow-bundle.ts';

let dir: string;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'stockcast-bundle-')), 'cache');
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }));

it('is made once for the same sources, and anew for others', async () => {
  const { code } = await keptWorkflowBundle(dir, 'first');
  expect(code).toContain('trainUniverse');
  expect(readFileSync(join(dir, 'workflows-first.js'), 'utf8')).toBe(code);
  writeFileSync(join(dir, 'workflows-first.js'), 'kept');
  expect(await keptWorkflowBundle(dir, 'first')).toEqual({ code: 'kept' });

  expect((await keptWorkflowBundle(dir, 'second')).code).toBe(code);
  expect(readdirSync(dir)).toEqual(['workflows-second.js']);

  const traced = await keptWorkflowBundle(dir, 'second', { traced: true });
  expect([code.includes('traceparent'), traced.code.includes('traceparent')]).toEqual([false, true]);
  expect(readdirSync(dir)).toEqual(['workflows-second-traced.js']);
});
