import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bundleWorkflows, keptBundle } from './workflow-bundle.ts';

let dir: string;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'stockcast-bundle-')), 'cache');
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }));

it('holds the workflows, and what traces them where that is asked for', async () => {
  const [plain, traced] = await Promise.all([bundleWorkflows(), bundleWorkflows({ traced: true })]);
  expect([plain.code.includes('trainUniverse'), traced.code.includes('trainUniverse')]).toEqual([true, true]);
  expect([plain.code.includes('traceparent'), traced.code.includes('traceparent')]).toEqual([false, true]);
});

it('is made once for the same sources, however many ask at once, and anew for others', async () => {
  let made = 0;
  const kept = (sources: string, variant = 'plain') =>
    keptBundle({ dir, sources, variant }, async () => ({ code: `${variant} of ${sources}, ${++made}` }));
  const first = await Promise.all([kept('first'), kept('first'), kept('first')]);
  expect(first.map(({ code }) => code)).toEqual(Array(3).fill('plain of first, 1'));
  expect(await kept('first', 'traced')).toEqual({ code: 'traced of first, 2' });
  expect(await kept('first')).toEqual({ code: 'plain of first, 1' });
  expect(readdirSync(dir).sort()).toEqual(['first-plain.js', 'first-traced.js']);

  expect(await kept('second')).toEqual({ code: 'plain of second, 3' });
  expect(readdirSync(dir)).toEqual(['second-plain.js']);
  expect(readFileSync(join(dir, 'second-plain.js'), 'utf8')).toBe('plain of second, 3');
});

it('that cannot be made leaves nothing behind, and is tried again', async () => {
  const kept = (make: () => Promise<{ code: string }>) => keptBundle({ dir, sources: 'a', variant: 'plain' }, make);
  await expect(kept(() => Promise.reject(new Error('no room')))).rejects.toThrow('no room');
  expect(readdirSync(dir)).toEqual([]);
  expect(await kept(() => Promise.resolve({ code: 'made' }))).toEqual({ code: 'made' });
});

it('is made all the same where nobody may write', async () => {
  const make = () => Promise.resolve({ code: 'made' });
  expect(await keptBundle({ dir: '/sys/stockcast', sources: 'a', variant: 'plain' }, make)).toEqual({ code: 'made' });
});
