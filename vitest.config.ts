import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    // Many wait more than they compute.
    maxWorkers: 4,
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/.stockcast/**'],
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
