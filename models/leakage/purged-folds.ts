import { sessionAt } from '../../domain/calendar.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { NamedLeakageCheck } from '../../domain/leakage.ts';
import type { Fold } from '../evaluation/walk-forward.ts';
import { count } from './in-words.ts';

/**
 * Checks each fold row by row: the label of every row that it learns from (ordinal + horizon) must have been known at the
 * close of the first session that it forecasts from. `ordinals` are the exchange's counts of the rows' sessions.
 */
export function checkFolds(folds: readonly Fold[], ordinals: Int32Array, horizon: Horizon): NamedLeakageCheck {
  const fault = folds.length === 0 ? 'there are no folds to check' : faultOf(folds, ordinals, horizon);
  const nTrained = folds.reduce((sum, { trainFrom, trainTo }) => sum + trainTo - trainFrom, 0);
  const detail =
    fault ??
    `each label learnt from, over ${count(horizon, 'session')}, was known at the close of the first session that its fold ` +
      `forecasts from (${count(folds.length, 'fold')}, ${count(nTrained, 'label')})`;
  return { name: 'purged-folds', passed: fault === undefined, detail };
}

function faultOf(folds: readonly Fold[], ordinals: Int32Array, horizon: Horizon): string | undefined {
  for (const [i, { trainFrom, trainTo, testFrom, testTo }] of folds.entries()) {
    const train = ordinals.subarray(trainFrom, trainTo);
    const test = ordinals.subarray(testFrom, testTo);
    if (train.length === 0 || test.length === 0) {
      return `fold ${i + 1} learns from ${count(train.length, 'row')} and forecasts ${test.length}`;
    }
    if (train.length !== trainTo - trainFrom || test.length !== testTo - testFrom) {
      return `fold ${i + 1} names rows that there are not`;
    }
    const firstTest = test.reduce((least, ordinal) => Math.min(least, ordinal));
    const unknown = train.find((ordinal) => ordinal + horizon > firstTest);
    if (unknown !== undefined) {
      return (
        `fold ${i + 1} learns the label of ${sessionAt(unknown)}, known on ${sessionAt(unknown + horizon)}, ` +
        `and forecasts from ${sessionAt(firstTest)}`
      );
    }
  }
  return undefined;
}
