import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { walkForward } from '../../models/evaluation/raw-forecasts.ts';
import { DEFAULT_WINDOW } from '../../models/evaluation/walk-forward.ts';
import { buildFeatures } from '../../models/features/build-features.ts';
import { linear } from '../../models/linear/ridge.ts';
import { sampleSeries } from '../../tests/sample-series.ts';
import { recordedFolds } from './recorded-folds.ts';

/** scikit-learn's Ridge on the first fold's rows of AAPL, for the first forecasts; tests/oracles/walk-forward/make.ts. */
const oracle = JSON.parse(
  readFileSync(new URL('../../tests/oracles/walk-forward/ridge.json', import.meta.url), 'utf8'),
) as { readonly [horizon: string]: number[] };

const features = buildFeatures(sampleSeries('AAPL'));
const options = { window: DEFAULT_WINDOW, seed: 7, parameters: linear.defaults, scaleTargets: true };

describe('recordedFolds', () => {
  it.each([1, 10] as const)('hands out the very rows that a kind learns from and is judged on, h = %i', (horizon) => {
    const { series, folds } = recordedFolds(features, horizon);
    const judged = walkForward(linear, [features], horizon, options)[0]!;
    expect(series.dates).toEqual(judged.dates);
    expect(series.y).toEqual(judged.y);
    expect(folds).toHaveLength(judged.nFolds);
    for (const { X, y, XTest, from, to } of folds) {
      const yHat = linear.fit(X, y, linear.defaults, { seed: 7 }).predict(XTest);
      expect(yHat.map((value, i) => value * series.volatility[from + i]!)).toEqual(judged.raw.slice(from, to));
    }
    expect(folds.at(-1)!.to).toBe(judged.raw.length);
  });

  it.each([1, 10] as const)("gives scikit-learn's Ridge the forecasts of ours to 1e-8, h = %i", (horizon) => {
    const { raw } = walkForward(linear, [features], horizon, options)[0]!;
    const theirs = oracle[horizon]!;
    expect(theirs.length).toBe(recordedFolds(features, horizon).folds[0]!.to);
    theirs.forEach((value, i) => expect(Math.abs(value - raw[i]!)).toBeLessThan(1e-8));
    expect(Math.max(...theirs.map(Math.abs))).toBeGreaterThan(1e-4);
  });
});
