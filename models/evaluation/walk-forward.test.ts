import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_HORIZON } from '../../domain/horizon.ts';
import { WARM_UP } from '../features/feature-matrix.ts';
import { VOLATILITY_WARM_UP } from '../intervals/volatility.ts';
import { sessionsNeeded } from './learning-rows.ts';
import { MIN_SESSIONS, walkForwardFolds } from './walk-forward.ts';

const consecutive = (n: number) => Int32Array.from({ length: n }, (_, i) => 2500 + i);

describe('walk-forward folds', () => {
  it('start after a year and are refitted each year where history allows', () => {
    const folds = walkForwardFolds(consecutive(3240), { horizon: 10, window: 'all' });
    expect(folds[0]).toEqual({ trainFrom: 0, trainTo: 252, testFrom: 261, testTo: 513 });
    expect(folds.length).toBe(12);
    expect(Math.max(...folds.map(({ testFrom, testTo }) => testTo - testFrom))).toBe(252);
  });

  it('are five, shorter ones, from about 100 sessions on', () => {
    for (const horizon of [1, 10]) {
      const folds = walkForwardFolds(consecutive(100 - 20 - horizon), { horizon, window: 'all' });
      expect(folds).toHaveLength(5);
    }
  });

  it('become fewer with 60 sessions, and none with less than could train', () => {
    expect(walkForwardFolds(consecutive(60 - 20 - 10), { horizon: 10, window: 252 })).toEqual([
      { trainFrom: 0, trainTo: 15, testFrom: 24, testTo: 30 },
    ]);
    expect(walkForwardFolds(consecutive(9), { horizon: 1, window: 'all' })).toEqual([]);
    expect(walkForwardFolds(consecutive(15), { horizon: 10, window: 'all' })).toEqual([]);
    expect(walkForwardFolds(new Int32Array(0), { horizon: 1, window: 'all' })).toEqual([]);
  });

  it('need no more sessions at any horizon than is said, and no fewer', () => {
    const foldsOf = (sessions: number, horizon: number) =>
      walkForwardFolds(consecutive(sessions - WARM_UP - VOLATILITY_WARM_UP - horizon), { horizon, window: 'all' });
    for (let horizon = 1; horizon <= MAX_HORIZON; horizon++) {
      const needed = sessionsNeeded(horizon);
      expect(foldsOf(needed, horizon).length, `horizon ${horizon}`).toBeGreaterThan(0);
      expect(foldsOf(needed + 1, horizon).length, `horizon ${horizon}`).toBeGreaterThan(0);
      if (needed > MIN_SESSIONS) expect(foldsOf(needed - 1, horizon), `horizon ${horizon}`).toEqual([]);
    }
  });

  it('test the same rows whatever the window, which limits the training rows to the newest', () => {
    const all = walkForwardFolds(consecutive(1500), { horizon: 10, window: 'all' });
    const year = walkForwardFolds(consecutive(1500), { horizon: 10, window: 300 });
    expect(year.map(({ testFrom, testTo }) => [testFrom, testTo])).toEqual(
      all.map(({ testFrom, testTo }) => [testFrom, testTo]),
    );
    expect(year.map(({ trainTo }) => trainTo)).toEqual(all.map(({ trainTo }) => trainTo));
    expect(year.at(-1)!.trainTo - year.at(-1)!.trainFrom).toBe(300);
    expect(all.every(({ trainFrom }) => trainFrom === 0)).toBe(true);
  });

  it('never train on a label that was unknown at the first forecast, gaps in the history or not', () => {
    const history = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 0, maxLength: 600 });
    const horizons = fc.integer({ min: 1, max: 63 });
    const windows = fc.oneof(fc.constant('all' as const), fc.integer({ min: 1, max: 400 }));
    const steps = fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined });
    fc.assert(
      fc.property(history, horizons, windows, steps, (gaps, horizon, window, stepSize) => {
        let ordinal = 0;
        const ordinals = Int32Array.from(gaps, (gap) => (ordinal += gap));
        const folds = walkForwardFolds(ordinals, { horizon, window, ...(stepSize === undefined ? {} : { stepSize }) });
        folds.forEach((fold, i) => {
          expect(ordinals[fold.trainTo - 1]! + horizon).toBeLessThanOrEqual(ordinals[fold.testFrom]!);
          expect(fold.trainTo).toBeLessThanOrEqual(fold.testFrom);
          // Not purged more than needed either.
          if (fold.trainTo < fold.testFrom) {
            expect(ordinals[fold.trainTo]! + horizon).toBeGreaterThan(ordinals[fold.testFrom]!);
          }
          expect(fold.trainTo - fold.trainFrom).toBeGreaterThanOrEqual(window === 'all' ? 10 : Math.min(10, window));
          expect(fold.testTo - fold.testFrom).toBeGreaterThan(0);
          expect(fold.testFrom).toBe(i === 0 ? fold.testFrom : folds[i - 1]!.testTo);
        });
        if (folds.length > 0) expect(folds.at(-1)!.testTo).toBe(ordinals.length);
      }),
      { seed: 1 },
    );
  });
});
