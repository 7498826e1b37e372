import { defineConfig } from 'vitest/config';

// The tests that mutants are tried on: those beside the code of one folder, which infra/setup/mutation.js names. All are
// pure, so that no server starts once per mutant; whole evaluations over years of prices take too long.
export default defineConfig({
  test: {
    include: [`${process.env['STOCKCAST_MUTATION_FOLDER']}/*.test.ts`],
    exclude: ['**/whole-*.test.ts'],
    testTimeout: 60_000,
  },
});
