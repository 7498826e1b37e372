import { expect, test } from 'vitest';
import { autoregressive, split } from '../../tests/simulated-drift.ts';
import { compareWindows, windowLength } from './compare-windows.ts';

const column = (values: ArrayLike<number>) => ({ name: 'x', values: Float64Array.from(values) });

test('nothing is found in identical data', () => {
  const [reference, newest] = split(autoregressive(0.9, 5, 525, 3), 500, 25);
  const evenly = newest.map(({ name }, j) => ({
    name,
    values: reference[j]!.values.toSorted().filter((_, i) => i % 20 === 10),
  }));
  expect(compareWindows(reference, evenly).p).toBeGreaterThan(0.99);
  // Windows that the reference has seen are no drift either.
  for (let start = 0; start <= 475; start += 25) {
    const seen = reference.map(({ name, values }) => ({ name, values: values.slice(start, start + 25) }));
    expect(compareWindows(reference, seen).p).toBeGreaterThan(0.05 / 4);
  }
});

test('a column that never moved alarms once it does, and not while it does not', () => {
  const still = column(new Float64Array(500).fill(3));
  expect(compareWindows([still], [column(new Float64Array(25).fill(3))])).toMatchObject({
    p: 1,
    columns: [{ psi: 0, ks: 0, spreadKs: 0 }],
  });
  expect(compareWindows([still], [column(Float64Array.from({ length: 25 }, (_, i) => i))]).p).toBeLessThan(1e-6);
});

test('says which column drifted, and how far it lies beside what is usual', () => {
  const [reference, newest] = split(autoregressive(0, 3, 525, 8), 500, 25);
  const { columns, p, nReference, nWindow } = compareWindows(reference, [
    newest[0]!,
    { ...newest[1]!, values: newest[1]!.values.map((value) => value + 2) },
    newest[2]!,
  ]);
  expect([nReference, nWindow]).toEqual([500, 25]);
  expect(p).toBe(columns[1]!.p);
  expect(columns.map(({ p: of }) => of <= 0.01)).toEqual([false, true, false]);
  expect(columns[1]!.psi).toBeGreaterThan(5 * columns[1]!.usualPsi);
  // Without drift the index is about (bins - 1) (1 / n + 1 / m), which a fixed threshold of 0.2 would take for drift.
  expect(columns[0]!.usualPsi).toBeGreaterThan(0.1);
  expect(columns[0]!.usualPsi).toBeLessThan(0.25);
});

test('changes nothing that it is given, and says the same of the same', () => {
  const [reference, newest] = split(autoregressive(0.5, 2, 525, 1), 500, 25);
  const before = structuredClone([reference, newest]);
  expect(compareWindows(reference, newest)).toEqual(compareWindows(reference, newest));
  expect([reference, newest]).toEqual(before);
});

test('compares a quarter of a year at most, and a twentieth of the reference', () => {
  expect(windowLength(504, 3)).toBe(3);
  expect(windowLength(504, 100)).toBe(25);
  expect(windowLength(5000, 100)).toBe(63);
  expect(windowLength(300, 100)).toBe(15);
});
