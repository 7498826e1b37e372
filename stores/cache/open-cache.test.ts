import { expect, test } from 'vitest';
import { runTypeScript } from '../../tests/support/run-typescript.ts';

const loaded = (then: string) => `
  import { createRequire } from 'node:module';
  import './api/server.ts';
  import { openSharedCache } from './stores/cache/open-cache.ts';
  ${then}
  const files = Object.keys(createRequire(import.meta.url).cache);
  console.log(files.some((file) => file.includes('ioredis')));`;

test.each([
  ['loads nothing of Redis without its address', 'await openSharedCache(undefined);', 'false'],
  ['loads it for an address', "await (await openSharedCache('redis://127.0.0.1:1')).close();", 'true'],
])('the shared cache %s', async (_what, then, expected) => {
  const { line, exited } = runTypeScript(loaded(then));
  expect(await line()).toBe(expected);
  expect(await exited).toBe(0);
});
