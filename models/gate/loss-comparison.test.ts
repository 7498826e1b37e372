import { describe, expect, it } from 'vitest';
import { dieboldMariano } from '../evaluation/statistics/index.ts';
import { commonDays, compareLosses, rootMean, squaredErrors } from './loss-comparison.ts';

const days = (...ordinals: number[]) => Int32Array.from(ordinals);
const losses = (...values: number[]) => Float64Array.from(values);
const wave = (n: number, of: (i: number) => number) => Float64Array.from({ length: n }, (_, i) => of(i));

describe('days in common', () => {
  it('are those that every list holds', () => {
    expect(commonDays([days(1, 2, 3, 5, 8), days(2, 3, 4, 5, 9), days(0, 2, 5, 6)])).toEqual(days(2, 5));
    expect(commonDays([days(4, 5), days(1, 2, 3, 4, 5, 6)])).toEqual(days(4, 5));
    expect(commonDays([days(3, 4)])).toEqual(days(3, 4));
    expect(commonDays([days(1, 2), days(3)])).toEqual(days());
    expect(commonDays([days(), days(3)])).toEqual(days());
    expect(commonDays([days(3), days()])).toEqual(days());
  });
});

describe('squared errors', () => {
  const forecasts = { ordinals: days(10, 11, 13, 14), y: losses(1, 2, 3, 4) };

  it('are taken on the days asked for, by session', () => {
    expect(squaredErrors(days(11, 14), forecasts, losses(0, 0.5, 0, 1))).toEqual(losses(2.25, 9));
    expect(squaredErrors(forecasts.ordinals, forecasts, losses(1, 1, 1, 1))).toEqual(losses(0, 1, 4, 9));
  });

  it('have a root mean', () => {
    expect(rootMean(losses(1, 4, 4))).toBe(Math.sqrt(3));
  });
});

describe('a comparison of losses', () => {
  const model = wave(40, (i) => 1 + ((i * 7) % 5));
  const other = wave(40, (i) => 1.5 + ((i * 3) % 7));

  it('gives the ratio of RMSE, and the test of model less other', () => {
    for (const horizon of [1, 2, 5]) {
      const expected = dieboldMariano(
        model.map((loss, i) => loss - other[i]!),
        horizon,
      );
      const { statistic, pBetter, pWorse } = expected;
      expect(compareLosses(model, other, { horizon, test: true })).toEqual({
        nDays: 40,
        rmse: rootMean(model),
        rmseRatio: rootMean(model) / rootMean(other),
        dieboldMariano: { statistic, pBetter, pWorse },
      });
      expect(pBetter).toBeLessThan(0.05);
    }
  });

  it('tests neither when not asked to nor when both erred alike every day', () => {
    expect(compareLosses(model, other, { horizon: 1, test: false })).not.toHaveProperty('dieboldMariano');
    expect(compareLosses(model, model, { horizon: 1, test: true })).toEqual({
      nDays: 40,
      rmse: rootMean(model),
      rmseRatio: 1,
    });
    const oneDayApart = model.map((loss, i) => (i === 7 ? loss + 1 : loss));
    expect(compareLosses(oneDayApart, model, { horizon: 1, test: true })).toHaveProperty('dieboldMariano');
  });

  it('is sure, in figures that JSON can say, where one is better by the same every day', () => {
    const still = wave(40, () => 0.25);
    const none = wave(40, () => 0);
    expect(compareLosses(none, still, { horizon: 1, test: true }).dieboldMariano).toEqual({
      statistic: -1e6,
      pBetter: 0,
      pWorse: 1,
    });
    expect(compareLosses(still, none, { horizon: 1, test: true })).toEqual({
      nDays: 40,
      rmse: 0.5,
      rmseRatio: 1e6,
      dieboldMariano: { statistic: 1e6, pBetter: 1, pWorse: 0 },
    });
  });
});
