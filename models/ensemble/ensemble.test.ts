import { describe, expect, it } from 'vitest';
import { sessionAt } from '../../domain/calendar.ts';
import type { Json } from '../../domain/identity.ts';
import type { RawForecasts } from '../evaluation/raw-forecasts.ts';
import { combineForecasts, ensembleParameters, weighted } from './ensemble.ts';

function member(
  raw: readonly number[],
  y: readonly number[],
  ordinals = raw.map((_, i) => 3000 + i),
  volatility = raw.map(() => 2),
): RawForecasts {
  return {
    ticker: 'MADE',
    dates: ordinals.map(sessionAt),
    ordinals: Int32Array.from(ordinals),
    y: Float64Array.from(y),
    raw: Float64Array.from(raw),
    drift: Float64Array.from(raw, () => 0.01),
    volatility: Float64Array.from(volatility),
    nFolds: 5,
    firstFoldRows: 252,
    nWithoutTarget: 0,
  };
}

const defaults = ensembleParameters('ensemble', {});
const ones = (n: number) => Array.from({ length: n }, () => 1);

describe('an ensemble', () => {
  it('weights 0.4 to 0.6 until there is history enough', () => {
    const { forecasts, weights } = combineForecasts([member([1, 2], [1, 1]), member([2, 4], [1, 1])], 1, defaults);
    expect(Array.from(forecasts.raw)).toEqual([0.4 * 1 + 0.6 * 2, 0.4 * 2 + 0.6 * 4]);
    expect(weights).toEqual([0.4, 0.6]);
  });

  it('is none of its members', () => {
    const members = [member([1, 2, 3], [1, 1, 1]), member([2, 1, -3], [1, 1, 1])];
    const { raw } = combineForecasts(members, 1, defaults).forecasts;
    for (const one of members) expect(raw).not.toEqual(one.raw);
  });

  it('weights members by the inverse of their squared error once a quarter of forecasts has matured', () => {
    // Errors of 1 and 2: inverse squares 1 and 1/4.
    const [y, n] = [ones(70), 70];
    const members = [member(Array(n).fill(2), y), member(Array(n).fill(3), y)];
    const { forecasts, weights } = combineForecasts(members, 1, defaults);
    expect(weights[0]).toBeCloseTo(0.8, 12);
    expect(weights[1]).toBeCloseTo(0.2, 12);
    expect(forecasts.raw[62]).toBeCloseTo(0.4 * 2 + 0.6 * 3, 12);
    expect(forecasts.raw[63]).toBeCloseTo(0.8 * 2 + 0.2 * 3, 12);
  });

  it('weights them for the next forecast once the last one that was missing has matured', () => {
    const built = (n: number) =>
      combineForecasts([member(Array(n).fill(2), ones(n)), member(Array(n).fill(3), ones(n))], 1, defaults);
    expect(built(62).weights).toEqual([0.4, 0.6]);
    expect(built(63).weights[0]).toBeCloseTo(0.8, 12);
    expect(built(63).forecasts.raw[62]).toBeCloseTo(0.4 * 2 + 0.6 * 3, 12);
  });

  it('measures errors in volatilities', () => {
    // One member errs by 1 on 35 calm days, the other by 3 on as many days of threefold volatility: equally much.
    const days = Array.from({ length: 70 }, (_, i) => i);
    const calm = days.map((i) => i < 35);
    const volatility = calm.map((is) => (is ? 1 : 3));
    const first = member(
      calm.map((is) => (is ? 2 : 1)),
      ones(70),
      undefined,
      volatility,
    );
    const second = member(
      calm.map((is) => (is ? 1 : 4)),
      ones(70),
      undefined,
      volatility,
    );
    const { weights } = combineForecasts([first, second], 1, defaults);
    expect(weights[0]).toBeCloseTo(0.5, 12);
    expect(weights[1]).toBeCloseTo(0.5, 12);
  });

  it('counts overlapping forecasts as so many independent ones', () => {
    const members = [member(Array(300).fill(2), ones(300)), member(Array(300).fill(3), ones(300))];
    const { weights } = combineForecasts(members, 5, defaults);
    expect(weights).toEqual([0.4, 0.6]);
    expect(combineForecasts(members, 4, defaults).weights[0]).toBeCloseTo(0.8, 12);
  });

  it('knows no outcome before its session has come', () => {
    const n = 80;
    const y = ones(n);
    const changed = y.map((value, i) => (i < 70 ? value : -50));
    const build = (outcomes: readonly number[]) =>
      combineForecasts([member(Array(n).fill(2), outcomes), member(Array(n).fill(3), outcomes)], 2, defaults).forecasts;
    expect(build(changed).raw.slice(0, 72)).toEqual(build(y).raw.slice(0, 72));
  });

  it('keeps the weights it was given when accuracy is not to count, and where a member made no error', () => {
    const y = ones(200);
    const members = [member(Array(200).fill(2), y), member(Array(200).fill(3), y)];
    const fixed = ensembleParameters('ensemble', { weights: [0.25, 0.75], byAccuracy: false });
    expect(combineForecasts(members, 1, fixed).weights).toEqual([0.25, 0.75]);
    const perfect = [member(y, y), member(Array(200).fill(3), y)];
    expect(combineForecasts(perfect, 1, defaults).weights).toEqual([0.4, 0.6]);
  });

  it('forecasts on the days that all members have', () => {
    const first = member([1, 2, 3], [7, 8, 9]);
    const second = member([5, 6], [8, 9], [3001, 3002]);
    const { forecasts } = combineForecasts([first, second], 1, defaults);
    expect(forecasts.dates).toEqual(second.dates);
    expect([...forecasts.ordinals]).toEqual([3001, 3002]);
    expect([...forecasts.y]).toEqual([8, 9]);
    expect([...forecasts.raw]).toEqual([0.4 * 2 + 0.6 * 5, 0.4 * 3 + 0.6 * 6]);
    expect([...forecasts.drift]).toEqual([0.01, 0.01]);
    expect([...forecasts.volatility]).toEqual([2, 2]);
  });

  it('weighs forecasts in order', () => expect(weighted([0.25, 0.75], [4, 8])).toBe(7));
});

describe('parameters of an ensemble', () => {
  it('are complete and checked', () => {
    expect(defaults).toEqual({ weights: [0.4, 0.6], byAccuracy: true });
    const bad = [
      { weights: [1] },
      { weights: [0.5, 0.6] },
      { weights: [-0.5, 1.5] },
      { weights: [0, 1] },
      { weights: ['a', 1] },
      { weights: [true, 1e-10] },
      { weights: 0.5 },
      { byAccuracy: 'yes' },
      { other: 1 },
    ];
    for (const overrides of bad) {
      expect(() => ensembleParameters('ensemble', overrides), JSON.stringify(overrides)).toThrow(
        expect.objectContaining({ code: 'PARAMETER_INVALID' }),
      );
    }
  });

  it('are asked for in words', () => {
    const message = (overrides: Json) => {
      try {
        return ensembleParameters('ensemble', overrides);
      } catch (error) {
        return String(error);
      }
    };
    expect(message({ weights: [1] })).toContain('two positive numbers that sum to 1');
    expect(message({ byAccuracy: 'yes' })).toContain('true or false');
  });
});
