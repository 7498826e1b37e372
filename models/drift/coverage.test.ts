import { expect, test } from 'vitest';
import { checkCoverage } from './coverage.ts';

const hits = (inside: number, n: number) => Array.from({ length: n }, (_, i) => i < inside);

test('as many inside as were promised is no drift, far fewer or more is', () => {
  expect(checkCoverage(hits(80, 100), 0.8, 1)).toMatchObject({ coverage: 0.8, n: 100, nIndependent: 100, p: 1 });
  expect(checkCoverage(hits(63, 100), 0.8, 1).p).toBeLessThan(0.001);
  expect(checkCoverage(hits(98, 100), 0.8, 1).p).toBeLessThan(0.001);
});

test('is the exact binomial test, two-sided by twice the smaller tail', () => {
  // P(X <= 1) of 5 at one half: 6 / 32.
  expect(checkCoverage(hits(1, 5), 0.5, 1).p).toBeCloseTo(12 / 32, 12);
  expect(checkCoverage(hits(5, 5), 0.5, 1).p).toBeCloseTo(2 / 32, 12);
  // P(X <= 15) of 20 at 0.95 is 0.0025739.
  expect(checkCoverage(hits(15, 20), 0.95, 1).p).toBeCloseTo(2 * 0.00257394, 8);
});

test('outcomes over ten sessions count for a tenth of them', () => {
  const ten = checkCoverage(hits(30, 60), 0.8, 10);
  expect(ten).toMatchObject({ n: 60, nIndependent: 6, coverage: 0.5 });
  expect(ten.p).toBeCloseTo(checkCoverage(hits(3, 6), 0.8, 1).p, 12);
  expect(ten.p).toBeGreaterThan(checkCoverage(hits(30, 60), 0.8, 1).p);
});
