import { describe, expect, it } from 'vitest';
import { beside, days, probability } from './reasons.ts';

describe('figures in words', () => {
  it('show a difference that decides, however small', () => {
    expect(beside(1, "naive's")).toBe("equal to naive's");
    expect(beside(1.0123, "naive's")).toBe("1.2% above naive's");
    expect(beside(0.9877, "naive's")).toBe("1.2% below naive's");
    expect(beside(1.00051, "naive's")).toBe("0.1% above naive's");
    expect(beside(1.00041, "naive's")).toBe("0.04% above naive's");
    expect(beside(1 - 3e-7, "naive's")).toBe("0.00003% below naive's");
  });

  it('count days', () => {
    expect([days(0), days(1), days(2), days(1227)]).toEqual(['0 days', '1 day', '2 days', '1,227 days']);
  });

  it('round probabilities to three digits, and never to 0', () => {
    expect([1, 0.45678, 0.04996, 0.0001].map(probability)).toEqual(['p = 1', 'p = 0.457', 'p = 0.05', 'p = 0.0001']);
    expect([0.000099, 0].map(probability)).toEqual(['p < 0.0001', 'p < 0.0001']);
  });
});
