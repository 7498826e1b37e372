import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_TENANT, contextFrom } from '../../domain/context.ts';
import { commandLineOn } from '../../tests/support/command-line.ts';
import { type TestServices, openServices } from '../../tests/support/services.ts';
import { takeInTestUniverse } from '../../tests/support/test-universe.ts';

let on: TestServices;
beforeAll(async () => {
  on = await openServices();
  await takeInTestUniverse(on.services, contextFrom({ tenant: DEFAULT_TENANT, principal: 'tester' }));
});
afterAll(() => on.close());

const stockcast = commandLineOn(() => on);

test('features shows what models look at, now and as of a day', async () => {
  const { code, stdout } = await stockcast('features', 'aapl');
  expect(code).toBe(0);
  const [heading, ...rows] = stdout.trimEnd().split('\n');
  expect(heading).toMatch(
    /^AAPL at the close of 2013-03-01, as forecasts of now see them: features basic-1 of the dataset [0-9a-f]{64}$/,
  );
  expect(rows).toHaveLength(13);
  expect(rows[1]).toMatch(/^return +-0\.02\d{4}$/);

  const then = await stockcast('features', 'AAPL', '--as-of', '2013-02-24', '--json');
  const answer = JSON.parse(then.stdout) as { features: Record<string, number> };
  expect(answer).toMatchObject({ ticker: 'AAPL', session: '2013-02-22', source: 'materialised' });
  expect(answer.features.return).toBeCloseTo(Math.log(450.81 / 446.06), 5);
});

test('features says why there are none', async () => {
  for (const [args, status, code] of [
    [['ZZZZ'], 1, 'TICKER_UNKNOWN'],
    [['AAPL', '--as-of', '1999-01-04'], 1, 'FEATURES_MISSING'],
    [['AAPL', '--as-of', '2013-02-30'], 2, 'DATE_INVALID'],
    [['AAPL', '--as-of', '2999-01-04'], 2, 'DATE_INVALID'],
  ] as const) {
    const answer = await stockcast('features', ...args);
    expect([answer.code, answer.stderr]).toEqual([status, expect.stringContaining(`error ${code}: `)]);
  }
});
