import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { aFewAtATime } from './a-few-at-a-time.ts';

const ITEMS = Array.from({ length: 20 }, (_, i) => i);

test('every item is mapped, in order, at most four at a time', async () => {
  let [running, most] = [0, 0];
  const results = await aFewAtATime(ITEMS, async (item) => {
    most = Math.max(most, ++running);
    for (let i = 0; i <= 20 - item; i++) await turn();
    running--;
    return item * 2;
  });
  expect(results).toEqual(ITEMS.map((item) => item * 2));
  expect(most).toBe(4);
});

test('after a failure nothing further is begun', async () => {
  const begun: number[] = [];
  const failing = aFewAtATime(ITEMS, async (item) => {
    begun.push(item);
    await turn();
    if (item === 1) throw new Error('the second fails');
    for (let i = 0; i < 5; i++) await turn();
  });
  await expect(failing).rejects.toThrow('the second fails');
  for (let i = 0; i < 100; i++) await turn();
  expect(begun).toEqual([0, 1, 2, 3]);
});
