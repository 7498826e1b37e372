import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScoreWindow, conformalQuantile, prequentially, scoresNeeded } from './score-window.ts';

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe('a window of scores', () => {
  it('holds the last ones, sorted, ties included', () => {
    const scores = fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 40 });
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 20 }), (values, length) => {
        const window = new ScoreWindow(length);
        values.forEach((value, i) => {
          window.add(value);
          const last = values.slice(Math.max(0, i + 1 - length), i + 1);
          expect(window.sorted.map(Number)).toEqual(last.sort((a, b) => a - b));
        });
      }),
      { seed: 1, numRuns: 30 },
    );
  });

  it('holds all of them when no length is given', () => {
    const window = new ScoreWindow();
    for (const score of upTo(1000).reverse()) window.add(score);
    expect(window.sorted).toEqual(upTo(1000));
  });
});

describe('going through forecasts in the order of what was known', () => {
  const order = (ordinals: readonly number[], horizon: number) => {
    const steps: string[] = [];
    const forecasts = { ordinals: Int32Array.from(ordinals), horizon };
    prequentially(
      forecasts,
      (row) => steps.push(`learn ${row}`),
      (row) => steps.push(`judge ${row}`),
    );
    return steps;
  };

  it('learns an outcome on the session that brings it, before judging that session', () => {
    expect(order([7, 8, 9], 1)).toEqual(['judge 0', 'learn 0', 'judge 1', 'learn 1', 'judge 2']);
    expect(order([7, 8, 9], 2)).toEqual(['judge 0', 'judge 1', 'learn 0', 'judge 2']);
    expect(order([7, 8, 9], 3)).toEqual(['judge 0', 'judge 1', 'judge 2']);
  });

  it('counts sessions, not rows, where some are missing', () => {
    expect(order([1, 2, 6], 3)).toEqual(['judge 0', 'judge 1', 'learn 0', 'learn 1', 'judge 2']);
    expect(order([1, 5, 7], 3)).toEqual(['judge 0', 'learn 0', 'judge 1', 'judge 2']);
    expect(order([], 1)).toEqual([]);
  });
});

describe('the conformal quantile', () => {
  it('is the ceil((n + 1) level)th smallest score', () => {
    expect(conformalQuantile(upTo(4), 0.8, 1)).toBe(4);
    expect(conformalQuantile(upTo(5), 0.8, 1)).toBe(5);
    expect(conformalQuantile(upTo(9), 0.8, 1)).toBe(8);
    expect(conformalQuantile(upTo(504), 0.8, 1)).toBe(404);
    expect(conformalQuantile(upTo(19), 0.95, 1)).toBe(19);
    expect(conformalQuantile(upTo(39), 0.95, 1)).toBe(38);
    expect(conformalQuantile(upTo(504), 0.95, 1)).toBe(480);
    // Where (n + 1) level is a whole number, floating-point arithmetic must not raise it to the next.
    for (let tens = 1; tens < 60; tens++) {
      expect(conformalQuantile(upTo(10 * tens - 1), 0.8, 1)).toBe(8 * tens);
      expect(conformalQuantile(upTo(20 * tens - 1), 0.95, 1)).toBe(19 * tens);
    }
  });

  it('does not exist for fewer scores than the level needs, overlapping ones counted as one', () => {
    expect([scoresNeeded(0.8), scoresNeeded(0.95)]).toEqual([4, 19]);
    expect(conformalQuantile([], 0.8, 1)).toBeUndefined();
    expect(conformalQuantile(upTo(3), 0.8, 1)).toBeUndefined();
    expect(conformalQuantile(upTo(18), 0.95, 1)).toBeUndefined();
    expect(conformalQuantile(upTo(39), 0.8, 10)).toBeUndefined();
    expect(conformalQuantile(upTo(40), 0.8, 10)).toBe(33);
    expect(conformalQuantile(upTo(189), 0.95, 10)).toBeUndefined();
    expect(conformalQuantile(upTo(190), 0.95, 10)).toBe(182);
  });
});
