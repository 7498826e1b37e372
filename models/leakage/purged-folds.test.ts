import { describe, expect, it } from 'vitest';
import { sessionAt } from '../../domain/calendar.ts';
import { walkForwardFolds } from '../evaluation/walk-forward.ts';
import { checkFolds } from './purged-folds.ts';

const consecutive = Int32Array.from({ length: 900 }, (_, i) => 2500 + i);
const gapped = consecutive.map((ordinal, row) => ordinal + Math.floor(row / 7));
const pooled = Int32Array.from({ length: 900 }, (_, i) => 2500 + Math.floor(i / 4));

describe('the check of folds', () => {
  it.each([1, 10])(
    "finds the system's folds purged, with gaps in the history and without, at horizon %d",
    (horizon) => {
      for (const ordinals of [consecutive, gapped]) {
        for (const window of [504, 'all'] as const) {
          expect(checkFolds(walkForwardFolds(ordinals, { horizon, window }), ordinals, horizon)).toMatchObject({
            name: 'purged-folds',
            passed: true,
          });
        }
      }
    },
  );

  it('allows a label that was known at the very close of the first session forecast from, and none later', () => {
    const fold = { trainFrom: 0, trainTo: 91, testFrom: 100, testTo: 200 };
    expect(checkFolds([fold], consecutive, 10)).toEqual({
      name: 'purged-folds',
      passed: true,
      detail:
        'each label learnt from, over 10 sessions, was known at the close of the first session that its fold forecasts ' +
        'from (1 fold, 91 labels)',
    });
    const unpurged = checkFolds([fold, { ...fold, trainTo: 93 }], consecutive, 10);
    expect(unpurged).toEqual({
      name: 'purged-folds',
      passed: false,
      detail:
        `fold 2 learns the label of ${sessionAt(2591)}, known on ${sessionAt(2601)}, ` +
        `and forecasts from ${sessionAt(2600)}`,
    });
  });

  it('counts sessions, not rows: across a gap fewer rows may be enough, of several tickers more are needed', () => {
    const fold = { trainFrom: 0, trainTo: 93, testFrom: 100, testTo: 200 };
    expect(checkFolds([fold], gapped, 10).passed).toBe(false);
    expect(checkFolds([{ ...fold, trainTo: 92 }], gapped, 10).passed).toBe(true);
    expect(checkFolds([{ ...fold, trainTo: 64 }], pooled, 10).passed).toBe(true);
    expect(checkFolds([{ ...fold, trainTo: 65 }], pooled, 10).passed).toBe(false);
  });

  it('looks at every row, in whatever order', () => {
    const fold = { trainFrom: 0, trainTo: 50, testFrom: 100, testTo: 200 };
    expect(checkFolds([fold], consecutive.with(20, 2595), 10).passed).toBe(false);
    expect(checkFolds([fold], consecutive.with(150, 2540), 10).passed).toBe(false);
    expect(checkFolds([{ ...fold, trainFrom: 21 }], consecutive.with(20, 2595), 10).passed).toBe(true);
  });

  it('catches a fold that forecasts its own training rows', () => {
    const fold = { trainFrom: 0, trainTo: 50, testFrom: 40, testTo: 60 };
    expect(checkFolds([fold], consecutive, 1).passed).toBe(false);
  });

  it.each([
    ['no fold', [], 'there are no folds to check'],
    [
      'a fold that learns from nothing',
      [{ trainFrom: 3, trainTo: 3, testFrom: 10, testTo: 20 }],
      'fold 1 learns from 0 rows and forecasts 10',
    ],
    [
      'a fold that forecasts nothing',
      [{ trainFrom: 2, trainTo: 3, testFrom: 10, testTo: 10 }],
      'fold 1 learns from 1 row and forecasts 0',
    ],
    [
      'a fold past the newest row',
      [{ trainFrom: 0, trainTo: 3, testFrom: 890, testTo: 901 }],
      'fold 1 names rows that there are not',
    ],
    [
      'a fold that learns from rows before the first',
      [{ trainFrom: -899, trainTo: 3, testFrom: 890, testTo: 900 }],
      'fold 1 names rows that there are not',
    ],
  ])('does not vouch for %s', (_, folds, detail) => {
    expect(checkFolds(folds, consecutive, 1)).toEqual({ name: 'purged-folds', passed: false, detail });
  });
});
