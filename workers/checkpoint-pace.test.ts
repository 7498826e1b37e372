import { expect, it } from 'vitest';
import { CheckpointPace } from './checkpoint-pace.ts';

const counter = () => new Int32Array(new SharedArrayBuffer(4));
const dueAt = (pace: CheckpointPace, from: number, to: number) =>
  Array.from({ length: (to - from) / 1000 + 1 }, (_, i) => from + 1000 * i).filter((now) => pace.isDue(now));

it('a checkpoint is due after the set time, and ever more rarely the longer the computation takes', () => {
  const pace = new CheckpointPace(5000, counter(), 1000);
  expect(dueAt(pace, 1000, 20_000)).toEqual([6000, 11_000, 16_000]);
  // An hour and a thousand seconds on, a twentieth of the time since the beginning must have passed.
  expect(pace.isDue(3_601_000)).toBe(true);
  expect(dueAt(pace, 3_601_000, 4_100_000)).toEqual([3_791_000, 3_991_000]);
});

it('a checkpoint is due at once, and once, when somebody asks for one', () => {
  const wanted = counter();
  const paces = [new CheckpointPace(5000, wanted, 0), new CheckpointPace(60_000, wanted, 0)];
  const due = (now: number) => paces.map((pace) => pace.isDue(now));
  expect(due(1)).toEqual([false, false]);
  Atomics.add(wanted, 0, 1);
  expect(due(2)).toEqual([true, true]);
  expect(due(3)).toEqual([false, false]);
  expect(due(5002)).toEqual([true, false]);
});
