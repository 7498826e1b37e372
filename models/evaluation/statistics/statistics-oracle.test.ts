import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { normalCdf, studentCdf } from './distributions.ts';
import {
  binomialInterval,
  brierScores,
  clarkWest,
  dieboldMariano,
  holm,
  intervalScores,
  rankCorrelation,
} from './index.ts';

const oracle = JSON.parse(
  readFileSync(new URL('../../../tests/oracles/statistics/statistics.json', import.meta.url), 'utf8'),
);
const y = Float64Array.from(oracle.y);
const yHat = Float64Array.from(oracle.yHat);
/** Relative tolerance, also of small tails. */
const near = (value: number, expected: number, tolerance = 1e-10) =>
  expect(Math.abs(value - expected), `${value} for ${expected}`).toBeLessThanOrEqual(
    tolerance * Math.max(Math.abs(expected), 1e-280),
  );

describe('beside statsmodels and SciPy', () => {
  it.each(
    oracle.cases as { horizon: number; dieboldMariano: Record<string, number>; clarkWest: Record<string, number> }[],
  )('Diebold-Mariano and Clark-West agree at horizon $horizon', ({ horizon, dieboldMariano: dm, clarkWest: cw }) => {
    const ours = dieboldMariano(
      y.map((outcome, t) => (outcome - yHat[t]!) ** 2 - outcome ** 2),
      horizon,
    );
    near(ours.statistic, dm.statistic!);
    near(ours.pBetter, dm.pBetter!);
    near(ours.pWorse, dm.pWorse!);
    near(ours.pTwoSided, dm.pTwoSided!);
    const nested = clarkWest(y, new Float64Array(y.length), yHat, horizon);
    near(nested.statistic, cw.statistic!);
    near(nested.pValue, cw.pValue!);
  });

  it('the rank correlation agrees, ties included', () => {
    const { statistic, pValue } = rankCorrelation(yHat, y, 1);
    near(statistic, oracle.spearman.statistic);
    near(pValue, oracle.spearman.pValue, 1e-8);
  });

  it("Wilson's intervals agree", () => {
    for (const { share, n, interval } of oracle.wilson) {
      const ours = binomialInterval(share, n);
      expect(ours[0]).toBeCloseTo(interval[0], 12);
      expect(ours[1]).toBeCloseTo(interval[1], 12);
    }
  });

  it("Holm's adjustment agrees", () => {
    holm(oracle.holm.pValues).forEach((p, i) => expect(p).toBeCloseTo(oracle.holm.adjusted[i], 12));
  });

  it('pinball loss and Brier scores agree with scikit-learn', () => {
    const [lower, upper] = [Float64Array.from(oracle.pinball.lower), Float64Array.from(oracle.pinball.upper)];
    near(intervalScores(y, { level: 0.8, lower, upper }).pinball, oracle.pinball.mean80);
    const { right, promised, score, baseRate } = oracle.brier;
    const ours = brierScores(Float64Array.from(promised), Float64Array.from(right));
    near(ours.brier, score);
    near(ours.baseRate, baseRate);
  });

  it('distributions agree, far into their tails', () => {
    for (const { x, p } of oracle.normal) near(normalCdf(x), p, 1e-12);
    for (const { t, degrees, p } of oracle.student) near(studentCdf(t, degrees), p, 1e-9);
  });
});
