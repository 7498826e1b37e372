import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyHistogram } from './latency-histogram.ts';

test('its quantiles are those of the sorted durations, to 5%', () => {
  const durations = fc.array(fc.double({ min: 0.02, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(durations, fc.constantFrom(0.5, 0.95, 0.99, 1), (all, q) => {
      const histogram = new LatencyHistogram();
      for (const ms of all) histogram.record(ms);
      const exact = [...all].sort((a, b) => a - b)[Math.ceil(q * all.length) - 1]!;
      expect(histogram.quantile(q)).toBeGreaterThanOrEqual(exact * 0.999999);
      expect(histogram.quantile(q)).toBeLessThanOrEqual(exact * 1.050001);
    }),
    { seed: 5, numRuns: 200 },
  );
});

test('says nothing of nothing, takes any duration, and adds up', () => {
  const [one, two] = [new LatencyHistogram(), new LatencyHistogram()];
  expect(one.quantile(0.5)).toBe(0);
  one.record(0);
  two.record(1e12);
  one.add(two);
  expect(one.n).toBe(2);
  expect(one.quantile(0.5)).toBe(0.01);
  expect(one.maxMs).toBe(1e12);
});
