import { defineConfig } from 'vitest/config';

// The tests that mutants are tried on: pure ones, so that no server starts once per mutant.
export default defineConfig({
  test: {
    include: ['models/{features,evaluation,intervals,gate,ensemble}/**/*.test.ts'],
    testTimeout: 60_000,
  },
});
