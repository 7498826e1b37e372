import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PartitionSet } from './partition-set.ts';

const setOf = (numbers: Iterable<number>) => {
  const set = new PartitionSet();
  for (const number of numbers) set.add(number);
  return set;
};

test('a set of partitions is the same after it has travelled as text', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(20_000)), (numbers) => {
      const read = PartitionSet.from(setOf(numbers).toText());
      expect(read.numbers()).toEqual([...numbers].sort((a, b) => a - b));
      expect(read.size).toBe(numbers.length);
    }),
  );
  expect(setOf([]).toText()).toBe('');
  expect(setOf([3]).has(3)).toBe(true);
  expect(setOf([3]).has(4)).toBe(false);
});

test('three thousand of ten thousand travel in less than two kilobytes', () => {
  const every = Array.from({ length: 3000 }, (_, i) => Math.floor((i * 10_000) / 3000));
  expect(setOf(every).toText().length).toBeLessThan(1700);
});
