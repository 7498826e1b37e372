import { defineConfig } from 'vitest/config';

const NOT_OURS = ['**/node_modules/**', '**/.stockcast/**'];
/** Tests of several parts together, and those of what there is once per process: each file in a process of its own. */
const ALONE = ['tests/**/*.test.ts', 'market/sources/yahoo.test.ts', 'serving/temporal-gateway.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    exclude: NOT_OURS,
    projects: [
      {
        extends: true,
        // Many wait more than they compute.
        test: { name: 'together', include: ALONE, maxWorkers: 3, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        // Loading the project takes longer than most of these tests do: they share the processes that have loaded it.
        test: {
          name: 'rooms',
          include: ['**/*.test.ts'],
          exclude: [...NOT_OURS, ...ALONE],
          isolate: false,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    // Sources are transformed once for both.
    experimental: { fsModuleCache: true, fsModuleCachePath: 'node_modules/.cache/vitest' },
    globalSetup: ['tests/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // Conditions are waited for, on a loaded machine too.
    expect: { poll: { timeout: 30_000 } },
    coverage: {
      // V8's coverage sees neither Temporal's workflow sandbox nor what runs in it.
      provider: 'istanbul',
      include: [
        'domain/**/*.ts',
        'models/**/*.ts',
        'market/**/*.ts',
        'stores/**/*.ts',
        'serving/**/*.ts',
        'activities/**/*.ts',
        'workflows/**/*.ts',
        'workers/**/*.ts',
        'api/**/*.ts',
        'cli/**/*.ts',
        'config/**/*.ts',
        'infra/**/*.ts',
      ],
      exclude: ['**/*.test.ts', '**/index.ts'],
      reporter: ['text-summary', 'json-summary'],
      thresholds: { lines: 90 },
    },
  },
});
