import { describe, expect, it } from 'vitest';
import { sessionAt, sessionOrdinal } from '../../domain/calendar.ts';
import { honestSubject, pooledRows, walkForward } from '../../tests/leakage-subject.ts';
import type { Fold } from '../evaluation/walk-forward.ts';
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import { linear } from '../linear/ridge.ts';
import { fitScaler } from '../linear/standard-scaler.ts';
import { checkForecastPerturbation } from './forecast-perturbation.ts';
import type { Forecasts, LeakageSubject } from './leakage-subject.ts';

const SEEDS = [1, 2, 3];
const options = { tickers: ['MSFT'], sessions: 420, horizon: 10 };
const honest = honestSubject(options);
const check = (planted: Partial<LeakageSubject>, seed = 1) =>
  checkForecastPerturbation({ ...honest, ...planted }, { seed });
const rows = (features: readonly FeatureMatrix[]) => pooledRows(features, 10, 1);

/** The honest forecasts, changed by what a leak makes of them. */
const after = (
  leak: (forecasts: Forecasts, features: FeatureMatrix) => Partial<Forecasts>,
): Partial<LeakageSubject> => ({
  forecastOutOfSample: (features) =>
    honest.forecastOutOfSample(features).map((forecasts, i) => ({ ...forecasts, ...leak(forecasts, features[i]!) })),
});

const LEAKS: readonly [string, Partial<LeakageSubject>][] = [
  [
    'a scaler fitted on all rows',
    {
      forecastOutOfSample: (features) =>
        walkForward(
          {
            ...honest,
            learningRows(matrices) {
              const found = rows(matrices);
              const { mean, scale } = fitScaler(found.X);
              const { nColumns } = found.X;
              const values = found.X.values.map((x, i) => (x - mean[i % nColumns]!) / scale[i % nColumns]!);
              return { ...found, X: { ...found.X, values } };
            },
          },
          linear,
          features,
        ),
    },
  ],
  [
    'an unpurged fold',
    {
      forecastOutOfSample: (features) =>
        walkForward(
          {
            ...honest,
            learningRows: rows,
            folds: (ordinals) => honest.folds(ordinals).map((fold): Fold => ({ ...fold, trainTo: fold.testFrom })),
          },
          linear,
          features,
        ),
    },
  ],
  [
    'a shrinkage chosen by all forecasts and what came of them',
    after((forecasts, features) => {
      const { y } = rows([features]);
      const outcomes = y.subarray(y.length - forecasts.yHat.length);
      const slope = forecasts.yHat.reduce((sum, yHat, i) => sum + yHat * outcomes[i]!, 0);
      return { yHat: forecasts.yHat.map((yHat) => yHat * slope) };
    }),
  ],
  [
    'forecasts less their mean',
    after(({ yHat }) => {
      const mean = yHat.reduce((sum, value) => sum + value, 0) / yHat.length;
      return { yHat: yHat.map((value) => value - mean) };
    }),
  ],
];

describe('the perturbation of what forecasts may not know', () => {
  it('finds nothing in an honest walk-forward of one fold or several, whatever the seed', () => {
    for (const stepSize of [1e6, 40]) {
      for (const seed of SEEDS) {
        expect(check(honestSubject({ ...options, stepSize }), seed)).toMatchObject({
          name: 'future-perturbation/forecasts',
          passed: true,
        });
      }
    }
  });

  it.each(LEAKS)('catches %s, whatever the seed', (_, planted) => {
    for (const seed of SEEDS) {
      const { name, passed, detail } = check(planted, seed);
      expect({ name, passed }).toEqual({ name: 'future-perturbation/forecasts', passed: false });
      expect(detail).toMatch(
        /^the forecast of MSFT on \S+ changes from \S+ to \S+ when what comes after \d{4}-\d\d-\d\d is changed$/,
      );
    }
  });

  it('changes what comes after the first session forecast from, then after another one', () => {
    const origins = honest.forecastOutOfSample([honest.buildFeatures(honest.adjust(honest.histories[0]!.series, []))]);
    const { ordinals } = origins[0]!;
    const unchangedUpTo = (seed: number) => {
      const known: number[] = [];
      let before: FeatureMatrix | undefined;
      check(
        {
          forecastOutOfSample(features) {
            const matrix = features[0]!;
            before ??= matrix;
            const row = matrix.adjustedClose.findIndex((price, i) => price !== before!.adjustedClose[i]);
            if (row > 0) known.push(sessionOrdinal(matrix.dates[row - 1]!));
            return honest.forecastOutOfSample(features);
          },
        },
        seed,
      );
      return known;
    };
    const others = [1, 2, 3, 4].map((seed) => {
      const [first, other, ...more] = unchangedUpTo(seed);
      expect(first).toBe(ordinals[0]);
      expect(more).toEqual([]);
      expect(ordinals).toContain(other);
      expect(check({}, seed).detail).toContain(`(${1 + ordinals.indexOf(other!) + 1} forecasts compared)`);
      return other;
    });
    expect(new Set(others).size).toBe(4);
    expect(unchangedUpTo(1)[1]).toBe(others[0]);
  });

  it('compares forecasts up to the session alone', () => {
    // The newest forecast may change: what it rests on did.
    let call = 0;
    const changing = after(({ yHat }) => ({ yHat: yHat.with(-1, call++) }));
    expect(check(changing).passed).toBe(true);
  });

  it('catches forecasts that appear, vanish or move to another session', () => {
    let call = 0;
    const vanishing = after(({ ordinals, yHat }) => {
      const from = call++ === 0 ? 0 : 1;
      return { ordinals: ordinals.slice(from), yHat: yHat.slice(from) };
    });
    const expected = /^the forecast of MSFT number 0 belongs to another session when/;
    expect(check(vanishing)).toMatchObject({ passed: false, detail: expect.stringMatching(expected) });
    call = 0;
    const appearing = after(({ ordinals, yHat }) =>
      call++ === 0 ? {} : { ordinals: Int32Array.of(ordinals[0]! - 1, ...ordinals), yHat: Float64Array.of(0, ...yHat) },
    );
    expect(check(appearing)).toMatchObject({ passed: false, detail: expect.stringMatching(expected) });
    call = 0;
    const doubling = after(({ ordinals, yHat }) =>
      call++ === 0
        ? { ordinals: ordinals.slice(0, 1), yHat: yHat.slice(0, 1) }
        : { ordinals: Int32Array.of(ordinals[0]!, ordinals[0]!), yHat: Float64Array.of(yHat[0]!, yHat[0]!) },
    );
    expect(check(doubling).detail).toMatch(/^the forecast of MSFT number 1 belongs to another session when/);
  });

  it('looks at the forecasts of every history', () => {
    const tickers = ['IBM', 'MSFT'];
    const pooled = honestSubject({ tickers, sessions: 420, horizon: 10 });
    expect(checkForecastPerturbation(pooled, { seed: 1 }).passed).toBe(true);
    const leaking: LeakageSubject = {
      ...pooled,
      forecastOutOfSample: (features) =>
        pooled.forecastOutOfSample(features).map((forecasts, i) => ({
          ...forecasts,
          yHat: i === 0 ? forecasts.yHat : forecasts.yHat.map((value) => value + features[0]!.adjustedClose.at(-1)!),
        })),
    };
    expect(checkForecastPerturbation(leaking, { seed: 1 }).detail).toMatch(/^the forecast of MSFT on/);
  });

  it('begins after the earliest session forecast from, whichever history it is of', () => {
    const pooled = honestSubject({ tickers: ['IBM', 'MSFT'], sessions: 420, horizon: 10 });
    let earliest = 0;
    const leaking: LeakageSubject = {
      ...pooled,
      forecastOutOfSample: (features) =>
        pooled.forecastOutOfSample(features).map(({ ordinals, yHat }, i) => {
          if (i === 0) return { ordinals: ordinals.slice(50), yHat: yHat.slice(50) };
          earliest = ordinals[0]!;
          return { ordinals, yHat: yHat.map((value) => value * features[1]!.adjustedClose.at(-1)!) };
        }),
    };
    const { detail } = checkForecastPerturbation(leaking, { seed: 1 });
    const date = sessionAt(earliest);
    expect(detail).toMatch(new RegExp(`^the forecast of MSFT on ${date} .* after ${date} is changed$`));
  });

  it('does not vouch for a walk-forward without forecasts', () => {
    const nothing = () => [{ ordinals: new Int32Array(0), yHat: new Float64Array(0) }];
    expect(check({ forecastOutOfSample: nothing })).toEqual({
      name: 'future-perturbation/forecasts',
      passed: false,
      detail: 'there are no out-of-sample forecasts to check',
    });
  });

  it('stops with the reason it is given', () => {
    const reason = new Error('no longer wanted');
    const signal = AbortSignal.abort(reason);
    expect(() => checkForecastPerturbation(honest, { seed: 1, signal })).toThrow(reason);
  });
});
