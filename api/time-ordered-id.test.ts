import { expect, test } from 'vitest';
import { z } from 'zod';
import { timeOrderedId } from './time-ordered-id.ts';

test('ids are UUIDs of version 7, unlike each other, in the order of their times', () => {
  const times = [0, 1, 0xffff, 0x1_0000, Date.parse('2013-03-01T21:00:00.000Z'), 0xffff_ffff_ffff];
  const ids = times.map(timeOrderedId);
  for (const id of ids) expect(z.uuidv7().safeParse(id).success, id).toBe(true);
  expect([...ids].reverse().sort()).toEqual(ids);
  expect(new Set(Array.from({ length: 1000 }, () => timeOrderedId(times[4]!))).size).toBe(1000);
});

test('the time can be read back', () => {
  const time = Date.parse('2013-03-01T21:00:00.123Z');
  expect(parseInt(timeOrderedId(time).replaceAll('-', '').slice(0, 12), 16)).toBe(time);
});
