import { describe, expect, it } from 'vitest';
import { naive } from '../baselines/naive.ts';
import { randomForest } from '../forest/random-forest.ts';
import { linear } from '../linear/ridge.ts';
import { buildFeatures } from '../features/build-features.ts';
import type { Bar } from '../../domain/bar.ts';
import { seriesOf } from '../../domain/dataset.ts';
import { adjust } from '../../market/adjustment.ts';
import { sampleBars } from '../../tests/sample-series.ts';
import { featuresUntil, searchedUntil, trialLoss } from './trial-loss.ts';

const featuresOf = (bars: readonly Bar[]) => buildFeatures(adjust(seriesOf(bars), []));
const bars = sampleBars('IBM').slice(0, 700);
const features = featuresOf(bars);
const OPTIONS = { window: 252, scaleTargets: true, seed: 7 } as const;

describe.each([1, 10])('the loss of a trial, %i sessions ahead', (horizon) => {
  const until = searchedUntil(features, horizon)!;
  const at = bars.findIndex(({ date }) => date === until);
  // Another future: everything after what the search may see is doubled, from one session to the next.
  const otherwise = featuresOf(
    bars.map((bar, i) =>
      i <= at ? bar : { ...bar, open: bar.open * 2, high: bar.high * 2, low: bar.low * 2, close: bar.close * 2 },
    ),
  );

  it.each([
    ['linear', linear, { alpha: 3 }],
    ['random-forest', randomForest, { ...randomForest.defaults, nTrees: 5 }],
  ] as const)('of %s is the same whatever comes after what the search may see', (_, kind, parameters) => {
    const loss = (panel: typeof features) =>
      trialLoss(kind as typeof linear, [featuresUntil(panel, until)], horizon, { ...OPTIONS, parameters });
    expect(searchedUntil(otherwise, horizon)).toBe(until);
    expect(loss(otherwise)).toBe(loss(features));
    // What is compared does depend on it: with all sessions, the loss is another.
    const all = (panel: typeof features) =>
      trialLoss(kind as typeof linear, [panel], horizon, { ...OPTIONS, parameters });
    expect(all(otherwise)).not.toBe(all(features));
  });

  it('is 1 for naive, near it for what hardly dares to move, and above for what learns every chance by heart', () => {
    const cut = [featuresUntil(features, until)];
    expect(trialLoss(naive, cut, horizon, { ...OPTIONS, parameters: {} })).toBe(1);
    const timid = trialLoss(linear, cut, horizon, { ...OPTIONS, parameters: { alpha: 1e6 } });
    const greedy = { ...randomForest.defaults, nTrees: 5, maxDepth: null, minSamplesLeaf: 1 };
    const bold = trialLoss(randomForest, cut, horizon, { ...OPTIONS, parameters: greedy });
    expect(Math.abs(timid - 1)).toBeLessThan(0.05);
    expect(bold).toBeGreaterThan(1.001);
  });
});

describe('what a search may see', () => {
  it('is the earlier half, and leaves the later half to judge by', () => {
    const until = searchedUntil(features, 1)!;
    const seen = featuresUntil(features, until);
    expect(seen.dates.at(-1)).toBe(until);
    expect(seen.adjustedClose).toHaveLength(seen.dates.length);
    expect(seen.X.nRows).toBe(seen.dates.length);
    expect(Math.abs(features.dates.length / 2 - seen.dates.length)).toBeLessThan(20);
    expect(featuresUntil(features, features.dates.at(-1)!).dates).toEqual(features.dates);
  });

  it('is nothing where less than a year would be left to choose by', () => {
    expect(searchedUntil(featuresOf(bars.slice(0, 500)), 1)).toBeUndefined();
    expect(searchedUntil(featuresOf(bars.slice(0, 600)), 1)).toBeDefined();
    expect(searchedUntil(featuresOf(bars.slice(0, 600)), 60)).toBeUndefined();
  });
});
