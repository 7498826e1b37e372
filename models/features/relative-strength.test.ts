import { describe, expect, it } from 'vitest';
import { relativeStrength } from './relative-strength.ts';

describe('the relative strength index', () => {
  it('is the share of gains in all moves, the first averages plain, later ones smoothed', () => {
    // Moves 2, -1, 3, -4. Averages over two: gain 1, loss 1/2; then (1 + 3) / 2 and (1/2 + 0) / 2; then 2 / 2 and (1/4 + 4) / 2.
    const rsi = relativeStrength(Float64Array.of(10, 12, 11, 14, 10), 2);
    const expected = [2 / 3, 2 / 2.25, 1 / (1 + 4.25 / 2)];
    expected.forEach((share, i) => expect(rsi[2 + i]).toBeCloseTo(share, 12));
  });

  it('is unknown before as many moves as the period', () => {
    expect([...relativeStrength(Float64Array.of(1, 2, 3, 4), 3)]).toEqual([NaN, NaN, NaN, 1]);
    expect([...relativeStrength(Float64Array.of(1, 2, 3), 3)]).toEqual([NaN, NaN, NaN]);
    expect(relativeStrength(new Float64Array(0), 3)).toHaveLength(0);
  });

  it('is one half where nothing has moved, and at its ends where all moves went one way', () => {
    expect(relativeStrength(Float64Array.of(5, 5, 5), 2)[2]).toBe(0.5);
    expect(relativeStrength(Float64Array.of(5, 5, 6), 2)[2]).toBe(1);
    expect(relativeStrength(Float64Array.of(5, 5, 4), 2)[2]).toBe(0);
  });
});
