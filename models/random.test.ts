import { describe, expect, it } from 'vitest';
import { seededRandom } from './random.ts';

const draw = (seed: number, n: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: n }, () => random.next());
};

describe('seededRandom', () => {
  it('repeats itself for the same seed and differs for neighbouring, negative and large ones', () => {
    expect(draw(5, 20)).toEqual(draw(5, 20));
    const firsts = [0, 1, 2, -1, -2, 2 ** 32, 2 ** 32 + 1, 2 ** 52].map((seed) => draw(seed, 1)[0]);
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  it('gives uniform numbers in [0, 1)', () => {
    const values = draw(11, 100_000);
    const counts = new Array<number>(10).fill(0);
    for (const value of values) counts[Math.floor(value * 10)]! += 1;
    // A value outside [0, 1) would be missing in these ten counts.
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length);
    // Chi-squared with 9 degrees of freedom: 27.9 is passed once in a thousand seeds.
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquared).toBeLessThan(27.9);
  });

  it('is not correlated from one number to the next, nor from one seed to the next', () => {
    const n = 20_000;
    const values = draw(3, n + 1);
    let serial = 0;
    for (let i = 0; i < n; i++) serial += (values[i]! - 0.5) * (values[i + 1]! - 0.5);
    const firsts = Array.from({ length: n }, (_, seed) => draw(seed, 1)[0]!);
    let acrossSeeds = 0;
    for (let i = 0; i + 1 < n; i++) acrossSeeds += (firsts[i]! - 0.5) * (firsts[i + 1]! - 0.5);
    expect(Math.abs((serial / n) * 12)).toBeLessThan(0.03);
    expect(Math.abs((acrossSeeds / n) * 12)).toBeLessThan(0.03);
  });

  it('draws whole numbers below n, every one of them', () => {
    const random = seededRandom(1);
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) seen.add(random.nextInt(7));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(seededRandom(2).nextInt(1)).toBe(0);
  });
});
