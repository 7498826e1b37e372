import { expect, test } from 'vitest';
import { ReferenceColumn } from './window-distance.ts';

const reference = Float64Array.from({ length: 100 }, (_, i) => i);

test('the statistic is the largest distance of the two distribution functions', () => {
  const column = new ReferenceColumn(reference, 5);
  // All of the window lies above 89.
  expect(column.distance(Float64Array.from([90, 95, 99])).ks).toBeCloseTo(0.9, 12);
  expect(column.distance(Float64Array.from([-1, -2])).ks).toBe(1);
  expect(column.distance(Float64Array.from([24.5, 74.5])).ks).toBeCloseTo(0.25, 12);
  // Values that repeat make one step.
  expect(column.distance(Float64Array.from([49, 49, 49, 49])).ks).toBeCloseTo(0.5, 12);
});

test('the spread is compared by distances from the median', () => {
  const column = new ReferenceColumn(reference, 5);
  // The median is 50: distances of 0 to 50, of which half are at most 25.
  const near = column.distance(Float64Array.from([30, 40, 50, 60, 70]));
  expect(near.spreadKs).toBeCloseTo(1 - 41 / 100, 12);
  expect(near.spreadKs).toBeGreaterThan(near.ks);
});

test('a part of the reference is compared with the rest of it', () => {
  const column = new ReferenceColumn(reference, 5);
  const part = reference.slice(0, 20);
  const rest = new ReferenceColumn(reference.slice(20), 5);
  expect(column.distanceOfPart(part).ks).toBeCloseTo(rest.distance(part).ks, 12);
  expect(column.distanceOfPart(part).ks).toBe(1);
});

test('the index is computed from shares of bins, each with half a value more', () => {
  const column = new ReferenceColumn(reference, 2);
  // Counts 50 and 50 of the reference, 0 and 4 of the window.
  const [r, w] = [
    [50.5 / 101, 50.5 / 101],
    [0.5 / 5, 4.5 / 5],
  ];
  const expected = w.reduce((sum, of, i) => sum + (of - r[i]!) * Math.log(of / r[i]!), 0);
  expect(column.distance(Float64Array.from([60, 70, 80, 90])).psi).toBeCloseTo(expected, 12);
  expect(column.distance(Float64Array.from([10, 90])).psi).toBe(0);
});

test('bins that a value fills alone are one, and no bin is empty', () => {
  const mostlyZero = Float64Array.from({ length: 100 }, (_, i) => (i < 80 ? 0 : i));
  const column = new ReferenceColumn(mostlyZero, 5);
  expect(column.distance(mostlyZero).psi).toBe(0);
  // Two bins: 80 values of 0 and 20 above; the window has all of its 4 above.
  const [r, w] = [80.5 / 101, 0.5 / 5];
  const expected = (w - r) * Math.log(w / r) + (r - w) * Math.log((1 - w) / (1 - r));
  expect(column.distance(Float64Array.from([90, 91, 92, 93])).psi).toBeCloseTo(expected, 12);
});
