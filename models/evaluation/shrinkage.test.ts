import { describe, expect, it } from 'vitest';
import { addSessions, sessionAt } from '../../domain/calendar.ts';
import { seededRandom } from '../random.ts';
import type { RawForecasts } from './raw-forecasts.ts';
import { prequentialShrinkage, shrunk } from './shrinkage.ts';

/** A series on consecutive sessions from 3000 on, of volatility 1 unless told otherwise. */
function series(raw: readonly number[], y: readonly number[], volatility = 1): RawForecasts {
  const ordinals = Int32Array.from(raw, (_, i) => 3000 + i);
  return {
    ticker: 'MADE',
    dates: Array.from(ordinals, sessionAt),
    ordinals,
    y: Float64Array.from(y),
    raw: Float64Array.from(raw),
    drift: new Float64Array(raw.length),
    volatility: new Float64Array(raw.length).fill(volatility),
    nFolds: 5,
    firstFoldRows: 252,
    nWithoutTarget: 0,
  };
}

function noise(n: number, seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: n }, () => random.next() - 0.5);
}

describe('prequential shrinkage', () => {
  it('is 0 until a forecast has matured, then what the matured ones were worth', () => {
    // After the first: b = 1, se = 1. After the second: ff = 2, fz = 1.5, zz = 1.25, b = 0.75, se^2 = 0.3125, t^2 = 1.8.
    // After the third: ff = 3, fz = 4.5, zz = 10.25, b = 1.5, se^2 = 10.25 / 9, t^2 = 20.25 / 10.25.
    const { factors, final } = prequentialShrinkage([series([1, 1, 1], [1, 0.5, 3])], 1);
    const expected = [0, 0.5, (0.75 * 1.8) / 2.8];
    factors[0]!.forEach((factor, i) => expect(factor).toBeCloseTo(expected[i]!, 12));
    expect(final).toBeCloseTo(20.25 / 30.5, 12);
  });

  it('counts an outcome only when its session has come', () => {
    const { factors } = prequentialShrinkage([series([1, 1, 1, 1], [1, 1, 1, 1])], 3);
    expect(Array.from(factors[0]!)).toEqual([0, 0, 0, 0.25]);
  });

  it('is never below 0 nor above 1', () => {
    const against = prequentialShrinkage([series([1, 1, 1], [-1, -2, -1])], 1);
    expect([...against.factors[0]!, against.final]).toEqual([0, 0, 0, 0]);
    const timid = prequentialShrinkage([series([0.1, 0.1, 0.1], [1, 1, 1])], 1);
    // The slope is 10, so only its uncertainty holds it back: t^2 is the number of forecasts.
    [0, 1 / 2, 2 / 3].forEach((factor, i) => expect(timid.factors[0]![i]).toBeCloseTo(factor, 12));
    expect(timid.final).toBeCloseTo(3 / 4, 12);
    expect(prequentialShrinkage([series([0, 0], [1, 1])], 1).final).toBe(0);
    // A forecast too small to be squared is none, rather than infinitely off.
    expect(prequentialShrinkage([series([1e-200, 1e-200], [1, 1])], 1).final).toBe(0);
    // Prices that never moved say nothing for a forecast, rather than 0 / 0.
    expect(prequentialShrinkage([series([1, 1], [0, 0])], 1).final).toBe(0);
  });

  it('trusts the same slope less when outcomes overlap or tickers share their days', () => {
    const [raw, errors] = [noise(300, 1), noise(300, 2)];
    const y = raw.map((value, i) => 0.5 * value + errors[i]!);
    const alone = prequentialShrinkage([series(raw, y)], 1).final;
    const overlapping = prequentialShrinkage([series(raw, y)], 10).final;
    const twins = prequentialShrinkage([series(raw, y), series(raw, y)], 1).final;
    expect(alone).toBeGreaterThan(0.35);
    expect(overlapping).toBeLessThan(alone);
    expect(twins).toBeCloseTo(alone, 12);
  });

  it('is near 0 for noise and near 1 for a good forecast', () => {
    const [signal, other] = [noise(2000, 3), noise(2000, 4)];
    const good = signal.map((value, i) => value + 0.3 * other[i]!);
    expect(prequentialShrinkage([series(signal, good)], 1).final).toBeGreaterThan(0.9);
    expect(prequentialShrinkage([series(signal, other)], 1).final).toBeLessThan(0.15);
  });

  it('weighs forecasts and outcomes in units of their volatility', () => {
    const [raw, y] = [noise(50, 5), noise(50, 6)];
    const plain = prequentialShrinkage([series(raw, y)], 1);
    const tenfold = prequentialShrinkage(
      [
        series(
          raw.map((v) => v * 10),
          y.map((v) => v * 10),
          10,
        ),
      ],
      1,
    );
    expect(tenfold.final).toBeCloseTo(plain.final, 12);
    const quiet = series([1, 1], [1, -1]);
    const loudLater = { ...quiet, volatility: Float64Array.of(1, 100) };
    expect(prequentialShrinkage([quiet], 1).final).toBe(0);
    expect(prequentialShrinkage([loudLater], 1).final).toBeCloseTo(2 / 3, 3);
  });

  it('shares the evidence of tickers, in the order of their days', () => {
    const early = series([1, 1], [1, 1]);
    const late = { ...series([1], [1]), ordinals: Int32Array.of(3002), dates: [addSessions(sessionAt(3000), 2)] };
    const { factors } = prequentialShrinkage([late, early], 1);
    factors.forEach((of, i) => of.forEach((factor, j) => expect(factor).toBeCloseTo([[2 / 3], [0, 0.5]][i]![j]!, 12)));
  });
});

describe('shrunk forecasts', () => {
  it("leave a baseline's alone and hold a candidate's back", () => {
    const raw = series([1, 1, 1], [-1, -1, -1]);
    expect(shrunk([raw], 1, 'baseline')[0]).toEqual({ ...raw, shrinkage: Float64Array.of(1, 1, 1), finalShrinkage: 1 });
    expect(shrunk([raw], 1, 'candidate')[0]).toEqual({ ...raw, shrinkage: new Float64Array(3), finalShrinkage: 0 });
  });
});
