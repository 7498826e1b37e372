import { describe, expect, it } from 'vitest';
import { fairCoinP } from './fair-coin.ts';

/** The same by whole numbers: 2 sum_{k >= far} C(n, k) / 2^n. */
function exactly(hits: number, n: number): number {
  let choose = 1n;
  let tail = 0n;
  for (let k = 0; k <= n; k++) {
    if (k >= Math.max(hits, n - hits)) tail += choose;
    choose = (choose * BigInt(n - k)) / BigInt(k + 1);
  }
  const scaled = (2n * tail * 10n ** 30n) / 2n ** BigInt(n);
  return Math.min(1, Number(scaled) / 1e30);
}

describe('the p of a fair coin', () => {
  it('equals what whole numbers give, small and large, to 1e-9', () => {
    for (const [hits, n] of [
      [1, 1],
      [0, 2],
      [8, 10],
      [3, 10],
      [5, 10],
      [61, 100],
      [1400, 3000],
      [6200, 12_000],
    ] as const) {
      expect(fairCoinP(hits, n) / exactly(hits, n), `${hits} of ${n}`).toBeCloseTo(1, 9);
    }
    expect(fairCoinP(10, 10)).toBeCloseTo(2 / 1024, 15);
    expect(fairCoinP(3000, 3000)).toBeLessThan(1e-300);
  });

  it('is the same for heads as for tails, and 1 where half are heads or nothing was tossed', () => {
    expect(fairCoinP(30, 100)).toBe(fairCoinP(70, 100));
    expect(fairCoinP(50, 100)).toBe(1);
    expect(fairCoinP(0, 0)).toBe(1);
  });
});
