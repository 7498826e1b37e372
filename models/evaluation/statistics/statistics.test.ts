import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../random.ts';
import {
  binomialInterval,
  brierScores,
  clarkWest,
  dieboldMariano,
  holm,
  intervalScores,
  poolByDate,
  rankCorrelation,
  reliabilityTable,
} from './index.ts';
import { normalCdf, studentCdf } from './distributions.ts';
import { lagFor, varianceOfMean } from './long-run-variance.ts';

const series = (...values: number[]) => Float64Array.from(values);

function gaussians(n: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length: n }, () => {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += random.next();
    return sum;
  });
}

describe('distributions', () => {
  it('are one half at 0, and go from 0 to 1', () => {
    expect([-Infinity, 0, Infinity].map((t) => studentCdf(t, 3))).toEqual([0, 0.5, 1]);
    expect([-1e200, 1e200].map((t) => studentCdf(t, 3))).toEqual([0, 1]);
    expect([-40, 0, 40].map(normalCdf)).toEqual([expect.closeTo(0, 300), 0.5, 1]);
  });

  it('say nothing of a statistic that is none', () => expect(studentCdf(NaN, 3)).toBeNaN());
});

describe('the variance of a mean', () => {
  it('is the variance over n without lags, and weighs autocovariances down to the last', () => {
    // Deviations -1, 0, 1, 0 of four: gamma(0) = 1/2, gamma(1) = 0, gamma(2) = -1/4.
    const values = series(1, 2, 3, 2);
    expect(varianceOfMean(values, 0)).toBeCloseTo(0.5 / 4, 15);
    expect(varianceOfMean(values, 1)).toBeCloseTo(0.5 / 4, 15);
    expect(varianceOfMean(values, 2)).toBeCloseTo((0.5 + 2 * (1 / 3) * -0.25) / 4, 15);
    expect(varianceOfMean(series(1, 3), 1)).toBeCloseTo((1 + 2 * 0.5 * -0.5) / 2, 15);
    expect(varianceOfMean(series(1, 3), 9)).toBeCloseTo((1 + 2 * 0.9 * -0.5) / 2, 15);
    expect(varianceOfMean(series(5), 3)).toBe(0);
  });

  it('looks at no lag for one session, and at three horizons less one for more', () => {
    expect([1, 2, 10].map(lagFor)).toEqual([0, 5, 29]);
  });
});

describe('Diebold-Mariano', () => {
  it('is a t test of the mean for a horizon of one', () => {
    // Mean 2, variance 2 / 3, so 2 / sqrt(2 / 9) times sqrt(2 / 3).
    const { statistic, pBetter, pWorse, pTwoSided, nObservations } = dieboldMariano(series(1, 2, 3), 1);
    expect(statistic).toBeCloseTo((2 / Math.sqrt(2 / 9)) * Math.sqrt(2 / 3), 12);
    expect(pWorse).toBeCloseTo(studentCdf(-statistic, 2), 15);
    expect(pBetter).toBeCloseTo(1 - pWorse, 12);
    expect(pTwoSided).toBeCloseTo(2 * pWorse, 12);
    expect(nObservations).toBe(3);
  });

  it('says the opposite of the opposite', () => {
    const d = gaussians(200, 1);
    const [one, other] = [
      dieboldMariano(d, 3),
      dieboldMariano(
        d.map((x) => -x),
        3,
      ),
    ];
    expect(other.statistic).toBeCloseTo(-one.statistic, 12);
    expect(other.pBetter).toBeCloseTo(one.pWorse, 12);
    expect(other.pTwoSided).toBeCloseTo(one.pTwoSided, 12);
  });

  it('proves nothing where there is nothing to go by', () => {
    const nothing = { statistic: 0, pTwoSided: 1, pBetter: 1, pWorse: 1 };
    expect(dieboldMariano(series(), 1)).toEqual({ ...nothing, nObservations: 0 });
    expect(dieboldMariano(series(-1), 1)).toEqual({ ...nothing, nObservations: 1 });
    expect(dieboldMariano(new Float64Array(50), 1)).toEqual({ ...nothing, nObservations: 50 });
    expect(dieboldMariano(new Float64Array(50).fill(-0.5), 5)).toEqual({ ...nothing, nObservations: 50 });
    expect(dieboldMariano(series(-1, -2), 2)).toMatchObject(nothing);
    expect(dieboldMariano(series(-1, -2, -1, -3), 2)).toMatchObject(nothing);
    expect(dieboldMariano(series(-1, -2, -1, -3, -1), 2).pBetter).toBeLessThan(1);
  });

  it('stays finite for a difference that hardly varies', () => {
    const { statistic, pBetter } = dieboldMariano(
      Float64Array.from({ length: 100 }, (_, t) => -1 - (t % 2) * 1e-12),
      1,
    );
    expect(statistic).toBe(-1e6);
    expect(pBetter).toBeGreaterThanOrEqual(0);
    expect(pBetter).toBeLessThan(1e-100);
  });

  it.each([1, 10])('rejects about as often as it should at horizon %i when there is no difference', (horizon) => {
    let rejected = 0;
    const runs = 400;
    for (let run = 0; run < runs; run++) {
      const shocks = gaussians(1000 + horizon, 100 + run);
      const d = Float64Array.from({ length: 1000 }, (_, t) => {
        let sum = 0;
        for (let k = 0; k < horizon; k++) sum += shocks[t + k]!;
        return sum;
      });
      if (dieboldMariano(d, horizon).pTwoSided < 0.05) rejected++;
    }
    // 20 are expected, with a standard deviation of 4.4.
    expect(rejected).toBeGreaterThan(6);
    expect(rejected).toBeLessThan(38);
  });
});

describe('Clark-West', () => {
  it('gives the larger model its noise back', () => {
    // Gains 2 y large: 2, 4, 6 for y = 1, 2, 3 and large = 1; mean 4, variance 8 / 3.
    const { statistic, pValue } = clarkWest(series(1, 2, 3), new Float64Array(3), new Float64Array(3).fill(1), 1);
    expect(statistic).toBeCloseTo(4 / Math.sqrt(8 / 9), 12);
    expect(pValue).toBeLessThan(0.001);
  });

  it('measures the larger model against the smaller one, wherever that lies', () => {
    // Gains 1 - 0 + 1, 9 - 4 + 1 and 25 - 16 + 1: mean 6, variance 32 / 3.
    const y = series(2, 4, 6);
    const { statistic } = clarkWest(y, new Float64Array(3).fill(1), new Float64Array(3).fill(2), 1);
    expect(statistic).toBeCloseTo(6 / Math.sqrt(32 / 9), 12);
    // Two are enough: gains 2 and 6, mean 4, variance 4.
    expect(clarkWest(y.slice(0, 2), series(1, 1), series(2, 2), 1).statistic).toBeCloseTo(4 / Math.sqrt(2), 12);
  });

  it('finds a weak signal where squared errors see none, and none in noise', () => {
    const [signal, noise] = [gaussians(3000, 2), gaussians(3000, 3)];
    const y = signal.map((value, t) => 0.1 * value + noise[t]!);
    const small = new Float64Array(3000);
    expect(
      clarkWest(
        y,
        small,
        signal.map((value) => 0.25 * value),
        1,
      ).pValue,
    ).toBeLessThan(0.001);
    expect(clarkWest(noise, small, signal, 1).pValue).toBeGreaterThan(0.05);
    expect(
      clarkWest(
        y,
        small,
        signal.map((value) => -value),
        1,
      ).pValue,
    ).toBeGreaterThan(0.99);
  });

  it('proves nothing with equal forecasts or a single one', () => {
    expect(clarkWest(series(1, 2, 3), series(0, 0, 0), series(0, 0, 0), 1)).toEqual({ statistic: 0, pValue: 1 });
    expect(clarkWest(series(1), series(0), series(1), 1)).toEqual({ statistic: 0, pValue: 1 });
    expect(clarkWest(series(), series(), series(), 1)).toEqual({ statistic: 0, pValue: 1 });
  });
});

describe('the rank correlation', () => {
  it('depends on the order alone', () => {
    expect(rankCorrelation(series(1, 2, 3, 4, 5), series(1, 10, 100, 1000, 1e4), 1).statistic).toBeCloseTo(1, 12);
    expect(rankCorrelation(series(1, 2, 3, 4, 5), series(9, 4, 1, 0, -7), 1).statistic).toBeCloseTo(-1, 12);
    // Ranks 1.5, 1.5, 3 beside 1, 2, 3: covariance 3/2, variances 3/2 and 2.
    const tied = rankCorrelation(series(5, 5, 8), series(1, 2, 3), 1);
    expect(tied.statistic).toBeCloseTo(1.5 / Math.sqrt(3), 12);
    // With one degree of freedom t = sqrt(3), beyond which lies a sixth of the distribution on either side.
    expect(tied.pValue).toBeCloseTo(1 / 3, 12);
  });

  it('is less certain when forecasts overlap', () => {
    const [a, b] = [gaussians(300, 4), gaussians(300, 5)];
    const y = a.map((value, t) => 0.2 * value + b[t]!);
    const [alone, overlapping] = [rankCorrelation(a, y, 1), rankCorrelation(a, y, 10)];
    expect(overlapping.statistic).toBe(alone.statistic);
    expect(alone.pValue).toBeLessThan(0.01);
    expect(overlapping.pValue).toBeGreaterThan(alone.pValue);
  });

  it('is 0 and proves nothing where either side is constant, or too few are independent', () => {
    expect(rankCorrelation(series(0, 0, 0, 0), series(1, 2, 3, 4), 1)).toEqual({ statistic: 0, pValue: 1 });
    expect(rankCorrelation(series(1, 2, 3, 4), series(2, 2, 2, 2), 1)).toEqual({ statistic: 0, pValue: 1 });
    expect(rankCorrelation(series(1, 2), series(1, 2), 1)).toMatchObject({ pValue: 1 });
    expect(rankCorrelation(series(1, 2, 4, 3, 5), series(1, 2, 3, 4, 5), 2)).toMatchObject({ pValue: 1 });
  });
});

describe('intervals and probabilities', () => {
  it('are scored by width, and by how far outcomes lie outside', () => {
    const intervals = { level: 0.8 as const, lower: series(-1, -1, -1), upper: series(1, 1, 1) };
    const scores = intervalScores(series(1, 1.5, -2), intervals);
    expect(scores.coverage).toBeCloseTo(1 / 3, 15);
    expect(scores.meanWidth).toBe(2);
    expect(scores.winkler).toBeCloseTo(2 + (0.5 + 1) / 0.1 / 3, 12);
    // Winkler over pinball is 4 / alpha: the mean of two losses, each half of alpha times its part.
    expect(scores.pinball).toBeCloseTo((scores.winkler * 0.2) / 4, 12);
    expect(intervalScores(series(-1, 1, 0), intervals).coverage).toBe(1);
  });

  it('a share lies in its interval, which is never outside of 0 to 1', () => {
    for (const [share, n] of [
      [0.5, 10],
      [0, 5],
      [1, 5],
      [0.9, 40.5],
    ] as const) {
      const [low, high] = binomialInterval(share, n);
      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(1);
      expect(low).toBeLessThanOrEqual(share);
      expect(high).toBeGreaterThanOrEqual(share);
    }
  });

  it('promises are gathered in bins of a twentieth', () => {
    const table = reliabilityTable(series(0.5, 0.52, 0.55, 0.95, 1 - 1e-12), series(0.5, 1, 0, 1, 1));
    expect(table.map(({ from, to, n }) => [from, to, n])).toEqual([
      [0.5, 0.55, 2],
      [0.55, 0.6, 1],
      [0.95, 1, 2],
    ]);
    expect(table[0]).toMatchObject({ meanPromised: 0.51, shareRight: 0.75 });
    expect(table[2]!.shareRight).toBe(1);
  });

  it('the constant base rate is scored on the same days', () => {
    expect(brierScores(series(0.75, 0.75), series(1, 0))).toEqual({ brier: 0.3125, baseRate: 0.25 });
    expect(brierScores(series(0.5, 0.9), series(0.5, 1)).baseRate).toBeCloseTo(0.0625, 12);
  });
});

describe('several tests or tickers', () => {
  it('p-values are adjusted step by step, never below the one before', () => {
    expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
    expect(holm([0.5, 0.9])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });

  it('losses of one day are averaged before days are', () => {
    const one = { ordinals: Int32Array.of(5, 6), losses: series(1, 3) };
    const other = { ordinals: Int32Array.of(4, 6), losses: series(7, 5) };
    const pooled = poolByDate([one, other]);
    expect([...pooled.ordinals]).toEqual([4, 5, 6]);
    expect([...pooled.losses]).toEqual([7, 1, 4]);
  });
});
