import { expect, test } from 'vitest';
import { isChallenged } from './experiment.ts';

const KEYS = Array.from({ length: 10_000 }, (_, i) => `key ${i}`);
const challenged = (experiment: string, share: number) =>
  KEYS.filter((key) => isChallenged(experiment, key, { share }));

test('the share of all keys that is asked for is answered by the challenger', () => {
  for (const share of [0.1, 0.5, 0.9]) {
    const error = Math.sqrt((share * (1 - share)) / KEYS.length);
    expect(Math.abs(challenged('e1', share).length / KEYS.length - share)).toBeLessThan(4 * error);
  }
  expect(challenged('e1', 1)).toEqual(KEYS);
});

test('a key is answered by the same each time, whose experiment it is decides for whom', () => {
  expect(challenged('e1', 0.1)).toEqual(challenged('e1', 0.1));
  const [one, other] = [new Set(challenged('e1', 0.5)), challenged('e2', 0.5)];
  const both = other.filter((key) => one.has(key)).length;
  expect(Math.abs(both / KEYS.length - 0.25)).toBeLessThan(0.02);
  // Whoever was answered by it at a smaller share is so at a larger one.
  const more = new Set(challenged('e1', 0.2));
  expect(challenged('e1', 0.1).every((key) => more.has(key))).toBe(true);
});

test('what was decided stays decided in releases to come', () => {
  const expected = ['key 1657', 'key 3911', 'key 4261', 'key 5293', 'key 8396', 'key 9111'];
  expect(challenged('e1', 0.001)).toEqual(expected);
});
