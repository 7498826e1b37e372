import { expect, it } from 'vitest';
import { workerParts } from './parts.ts';

it.each([
  ['keep few heaps', {}, '2'],
  ['keep as many heaps as the user has set', { MALLOC_ARENA_MAX: '8' }, '8'],
])('workers %s', (_, set, wanted) => {
  const parts = workerParts({ env: { PATH: '/bin', ...set }, logsDir: '/logs', graceMs: 1 });
  expect(parts).toHaveLength(2);
  for (const { spawnOptions } of parts) expect(spawnOptions?.env).toEqual({ PATH: '/bin', MALLOC_ARENA_MAX: wanted });
});
