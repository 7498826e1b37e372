import { describe, expect, it } from 'vitest';
import { seriesOf } from '../../domain/dataset.ts';
import { adjust } from '../../market/adjustment.ts';
import { sampleBars } from '../../tests/sample-series.ts';
import { drift } from '../baselines/drift.ts';
import { buildFeatures } from '../features/build-features.ts';
import type { Matrix, ModelKind } from '../model.ts';
import { forecastDistance } from './forecast-distance.ts';
import { learningRows } from './learning-rows.ts';

const featuresOf = (ticker: string, sessions: number) =>
  buildFeatures(adjust(seriesOf(sampleBars(ticker).slice(0, sessions)), []));
const candidate: ModelKind = { ...drift, role: 'candidate' };
const options = { parameters: {}, scaleTargets: true };

/** A model that forecasts the same whatever it is asked. */
function constant(forecast: number, lookback = 1) {
  const nColumns = 12 * lookback;
  const X: Matrix = { nRows: 1, nColumns, values: new Float64Array(nColumns) };
  return drift.fit(X, Float64Array.of(forecast), {}, { seed: 1 });
}

describe('the distance between forecasts', () => {
  it('is their difference where models forecast in volatilities', () => {
    const panel = [featuresOf('IBM', 80)];
    expect(forecastDistance(candidate, [constant(2), constant(0.5)], panel, 5, options)).toBeCloseTo(1.5, 12);
    expect(forecastDistance(candidate, [constant(0.5), constant(2)], panel, 5, options)).toBeCloseTo(1.5, 12);
    expect(forecastDistance(candidate, [constant(2), constant(2)], panel, 5, options)).toBe(0);
  });

  it('is measured in volatilities where they forecast returns, over the rows of all tickers', () => {
    const panel = [featuresOf('IBM', 80), featuresOf('AAPL', 50)];
    const squares = panel.flatMap((features) =>
      Array.from(learningRows(features, 5).volatility, (volatility) => (0.02 / volatility) ** 2),
    );
    expect(squares).toHaveLength(45 + 15);
    const expected = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
    const unscaled = { ...options, scaleTargets: false };
    const models = [constant(0.01), constant(-0.01)] as const;
    expect(forecastDistance(candidate, models, panel, 5, unscaled)).toBeCloseTo(expected, 12);
    expect(forecastDistance(drift, models, panel, 5, options)).toBeCloseTo(expected, 12);
  });

  it('is taken on the sequences that the kind looks back on', () => {
    const kind = { ...candidate, lookback: () => 15 };
    const models = [constant(1, 15), constant(3, 15)] as const;
    expect(forecastDistance(kind, models, [featuresOf('IBM', 80)], 5, options)).toBeCloseTo(2, 12);
    // Eleven rows with labels are too few for one sequence of 30.
    const none = { ...candidate, lookback: () => 30 };
    expect(forecastDistance(none, [constant(1, 30), constant(3, 30)], [featuresOf('IBM', 46)], 5, options)).toBe(0);
  });

  it('is 0 where there is nothing to forecast', () => {
    expect(forecastDistance(candidate, [constant(1), constant(2)], [], 5, options)).toBe(0);
  });
});
