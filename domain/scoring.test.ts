import { expect, it } from 'vitest';
import { outcomeOf } from './scoring.ts';

const intervals = [
  { level: 0.8, lower: -0.01, upper: 0.03 },
  { level: 0.95, lower: -0.03, upper: 0.05 },
];

it('holds a forecast against what came: errors beside naive, intervals, direction', () => {
  const {
    error,
    naiveError,
    logReturn,
    directionRight,
    intervals: held,
  } = outcomeOf({ logReturn: 0.01, intervals }, 0.04);
  expect([logReturn, directionRight]).toEqual([0.04, true]);
  expect(error).toBeCloseTo(-0.03, 15);
  expect(naiveError).toBe(-0.04);
  expect(held.map(({ level, inside }) => [level, inside])).toEqual([
    [0.8, false],
    [0.95, true],
  ]);
  // 0.01 above an interval of 80%: the width, and 10 times the distance.
  expect(held[0]!.winkler).toBeCloseTo(0.04 + 0.1, 12);
  expect(held[1]!.winkler).toBeCloseTo(0.08, 12);
  expect(outcomeOf({ logReturn: 0, intervals }, -0.02).intervals[0]!.winkler).toBeCloseTo(0.04 + 0.1, 12);
});

it.each([
  [0.01, -0.02, false],
  [-0.01, -0.02, true],
  [0, 0.02, null],
  [0.01, 0, null],
  [0, 0, null],
])('a forecast of %d, when %d came, had the right direction: %s', (logReturn, came, right) => {
  expect(outcomeOf({ logReturn, intervals: [] }, came).directionRight).toBe(right);
});

it('counts the bounds of an interval as inside', () => {
  for (const came of [-0.01, 0.03])
    expect(outcomeOf({ logReturn: 0, intervals }, came).intervals[0]!.inside).toBe(true);
});
