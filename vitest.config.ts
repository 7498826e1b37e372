import { defineConfig } from 'vitest/config';

const common = {
  pool: 'forks',
  testTimeout: 60_000,
  hookTimeout: 180_000,
  // Conditions are waited for, on a loaded machine too.
  expect: { poll: { timeout: 30_000 } },
} as const;

// Loading takes longer than most of their tests do, and none changes its process: they share one.
const SHARING = ['activities', 'domain', 'market', 'models', 'serving', 'stores'].map((room) => `${room}/**/*.test.ts`);
// These count what a whole process does, compute for long or stop a server.
const ALONE = [
  'models/drift/drift-rates.test.ts',
  'models/lstm/*.test.ts',
  'serving/mlflow/*.test.ts',
  'serving/refresh-prices.test.ts',
  'serving/temporal-gateway.test.ts',
  'stores/mlflow/*.test.ts',
  'stores/postgres/silent-server.test.ts',
];
const NEVER = ['**/node_modules/**', '**/.stockcast/**'];

export default defineConfig({
  test: {
    // Many wait more than they compute.
    maxWorkers: 3,
    globalSetup: ['tests/support/global-setup.ts'],
    projects: [
      { test: { ...common, name: 'whole', include: ['**/*.test.ts'], exclude: [...NEVER, ...SHARING] } },
      { test: { ...common, name: 'alone', include: ALONE, exclude: NEVER } },
      { test: { ...common, name: 'rooms', include: SHARING, exclude: [...NEVER, ...ALONE], isolate: false } },
    ],
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
