import { describe, expect, it } from 'vitest';
import { honestSubject } from '../../tests/leakage-subject.ts';
import { SAMPLE_TICKERS } from '../../tests/sample-series.ts';
import { buildFeatures } from '../features/build-features.ts';
import { drift } from '../baselines/drift.ts';
import { naive } from '../baselines/naive.ts';
import { randomForest } from '../forest/random-forest.ts';
import { linear } from '../linear/ridge.ts';
import type { ModelKind } from '../model.ts';
import { checkLeakage } from './check-leakage.ts';
import type { LeakageSubject } from './leakage-subject.ts';

const NAMES = [
  'future-perturbation/features',
  'future-perturbation/forecasts',
  'purged-folds',
  'shuffled-labels',
  'session-gaps',
];
const KINDS: readonly ModelKind[] = [naive, drift, linear, randomForest];
const honest = honestSubject({ sessions: 400, horizon: 10, lookback: 3 });
const failing = (subject: LeakageSubject) => {
  const { checks, passed } = checkLeakage(subject, { seed: 1 });
  expect(passed).toBe(false);
  return checks.filter((check) => !check.passed).map(({ name }) => name);
};

describe('the leakage gates', () => {
  describe.each(SAMPLE_TICKERS)('of %s', (ticker) => {
    it.each(KINDS.map((kind) => [kind.name, kind] as const))('let an honest %s pass, whatever the seed', (_, kind) => {
      for (const [horizon, lookback, seed] of [
        [1, 1, 1],
        [10, 1, 2],
        [10, 4, 3],
      ] as const) {
        const subject = honestSubject({ tickers: [ticker], sessions: 700, kind, horizon, lookback });
        const report = checkLeakage(subject, { seed });
        expect(report.checks.filter(({ passed }) => !passed)).toEqual([]);
        expect(report.passed).toBe(true);
        expect(report.checks.map(({ name }) => name)).toEqual(NAMES);
      }
    });
  });

  it('let an honest pooled model pass', () => {
    const pooled = honestSubject({ tickers: SAMPLE_TICKERS, sessions: 500, horizon: 10, lookback: 3 });
    expect(checkLeakage(pooled, { seed: 1 })).toMatchObject({ passed: true });
  });

  it('let a walk-forward of several folds pass on a whole history', () => {
    const { passed, checks } = checkLeakage(honestSubject({ tickers: ['GOOG'], horizon: 10, stepSize: 252 }), {
      seed: 1,
    });
    expect(passed).toBe(true);
    expect(checks[2]!.detail).toMatch(/\([5-9] folds, [\d,]+ labels\)$/);
  });

  it('find planted leaks, each by the checks that it concerns, and run the others all the same', () => {
    expect(
      failing({ ...honest, volatility: ({ adjustedClose }) => adjustedClose.map(() => adjustedClose.at(-1)!) }),
    ).toEqual(['future-perturbation/features']);
    expect(
      failing({
        ...honest,
        folds: (ordinals) => honest.folds(ordinals).map((fold) => ({ ...fold, trainTo: fold.testFrom })),
      }),
    ).toEqual(['purged-folds']);
    expect(
      failing({
        ...honest,
        forecastOutOfSample: (features) =>
          honest.forecastOutOfSample(features).map((forecasts) => ({
            ...forecasts,
            yHat: forecasts.yHat.map((yHat) => yHat * features[0]!.adjustedClose.at(-1)!),
          })),
      }),
    ).toEqual(['future-perturbation/forecasts']);
    expect(
      failing({
        ...honest,
        learningRows: (features) => ({ ...honest.learningRows(features), y: new Float64Array(999) }),
      }),
    ).toEqual(['session-gaps']);
    const nextReturn = honestSubject({ sessions: 900 });
    expect(
      failing({
        ...nextReturn,
        buildFeatures(series) {
          const features = buildFeatures(series);
          const { values } = features.X;
          for (let cell = 0; cell + 12 < values.length; cell += 12) values[cell] = values[cell + 12]!;
          return features;
        },
      }),
    ).toEqual(['future-perturbation/features', 'future-perturbation/forecasts', 'shuffled-labels']);
  });

  it('report plain JSON, the same for the same seed', () => {
    const report = checkLeakage(honest, { seed: 4 });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(checkLeakage(honest, { seed: 4 })).toEqual(report);
    expect(checkLeakage(honest, { seed: 5 })).not.toEqual(report);
  });

  it('walk forward four times and leave the histories as they are', () => {
    const before = structuredClone(honest.histories);
    let walks = 0;
    checkLeakage(
      {
        ...honest,
        forecastOutOfSample(features) {
          walks++;
          return honest.forecastOutOfSample(features);
        },
      },
      { seed: 1 },
    );
    expect(walks).toBe(4);
    expect(honest.histories).toEqual(before);
  });

  it('stop within a walk-forward when no longer wanted', () => {
    const reason = new Error('no longer wanted');
    const controller = new AbortController();
    let walks = 0;
    const forecastOutOfSample: LeakageSubject['forecastOutOfSample'] = (features) => {
      if (++walks === 2) controller.abort(reason);
      return honest.forecastOutOfSample(features);
    };
    expect(() => checkLeakage({ ...honest, forecastOutOfSample }, { seed: 1, signal: controller.signal })).toThrow(
      reason,
    );
    expect(walks).toBe(2);
  });
});
