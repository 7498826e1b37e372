import { describe, expect, it } from 'vitest';
import type { AdjustedSeries } from '../../domain/bar.ts';
import { honestSubject } from '../../tests/leakage-subject.ts';
import { buildFeatures } from '../features/build-features.ts';
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import { labels, sessionOrdinals } from '../features/labels.ts';
import type { Forecasts, LeakageSubject } from './leakage-subject.ts';
import { checkShuffledLabels } from './shuffled-labels.ts';

const subject = (sessions: number, horizon: number) => honestSubject({ tickers: ['AAPL'], sessions, horizon });

/** A subject whose forecasts are `yHat` of each session's row, without any fit. */
const forecaster = (
  sessions: number,
  horizon: number,
  yHat: (features: FeatureMatrix, row: number) => number,
): LeakageSubject => ({
  ...subject(sessions, horizon),
  forecastOutOfSample: (matrices) =>
    matrices.map(
      (features): Forecasts => ({
        ordinals: sessionOrdinals(features.dates),
        yHat: Float64Array.from(features.dates, (_, row) => yHat(features, row)),
      }),
    ),
});
/** Knows each label's sign, and says it ever louder, so that each forecast lies on its side of the mean of those before. */
const oracle = (sessions: number, horizon: number, right: boolean) =>
  forecaster(sessions, horizon, (features, row) => {
    const label = labels(features, horizon)[row]!;
    return Number.isNaN(label) ? 0 : Math.sign(label) * (row + 1) * (right ? 1 : -1);
  });

const hitsOf = (detail: string) =>
  /^([\d,]+) of ([\d,]+) direction/
    .exec(detail)!
    .slice(1)
    .map((n) => Number(n.replace(',', '')));
const pOf = (detail: string) => Number(/p = (\S+?)\)/.exec(detail)![1]);

describe('labels that cannot be forecast', () => {
  it.each([1, 10])('are not forecast by an honest model, whatever the seed, at horizon %d', (horizon) => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      expect(checkShuffledLabels(subject(900, horizon), { seed })).toMatchObject({
        name: 'shuffled-labels',
        passed: true,
        detail: expect.stringMatching(
          /^\d+ of \d+ directions forecast right where coins decided them \(labels without overlap, exact binomial p = \S+\)$/,
        ),
      });
    }
  });

  it.each([1, 10])(
    'give an honest forecaster a p as a fair coin does, trends and overlaps or not, horizon %d',
    (horizon) => {
      // Follows the trend of 20 sessions: forecasts that follow each other are alike, and so are their labels.
      const trend = forecaster(220, horizon, (features, row) => features.X.values[row * 12 + 10]!);
      const below = { 0.05: 0, 0.3: 0 };
      const nWorlds = 600;
      let sumOfShares = 0;
      for (let seed = 0; seed < nWorlds; seed++) {
        const { detail } = checkShuffledLabels(trend, { seed });
        const [hits, n] = hitsOf(detail);
        expect(n).toBe(horizon === 1 ? 199 : 19);
        sumOfShares += hits! / n!;
        if (pOf(detail) < 0.05) below[0.05]++;
        if (pOf(detail) < 0.3) below[0.3]++;
      }
      // Of a discrete p fewer than 5% lie below 0.05; four standard errors above that is chance.
      expect(below[0.05] / nWorlds).toBeLessThan(0.05 + 4 * Math.sqrt((0.05 * 0.95) / nWorlds));
      expect(below[0.3] / nWorlds).toBeLessThan(0.3 + 4 * Math.sqrt((0.3 * 0.7) / nWorlds));
      expect(below[0.3]).toBeGreaterThan(0.1 * nWorlds);
      const n = horizon === 1 ? 199 : 19;
      expect(Math.abs(sumOfShares / nWorlds - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / (n * nWorlds)));
    },
  );

  it.each<[string, (series: AdjustedSeries) => FeatureMatrix]>([
    [
      'the label itself among the features',
      (series) => {
        const features = buildFeatures(series);
        labels(features, 1).forEach((label, row) => {
          features.X.values[row * 12 + 3] = Number.isFinite(label) ? label : 0;
        });
        return features;
      },
    ],
    [
      'a moving average centred on the session',
      (series) => {
        const features = buildFeatures(series);
        for (let row = 1; row + 1 < features.dates.length; row++) {
          const [before, now, next] = features.adjustedClose.subarray(row - 1, row + 2);
          features.X.values[row * 12 + 9] = (3 * now!) / (before! + now! + next!) - 1;
        }
        return features;
      },
    ],
  ])('are forecast from %s, which is caught', (_, leaking) => {
    for (const seed of [1, 2, 3]) {
      const { passed, detail } = checkShuffledLabels({ ...subject(900, 1), buildFeatures: leaking }, { seed });
      expect(passed).toBe(false);
      const [hits, n] = hitsOf(detail);
      expect(hits! / n!).toBeGreaterThan(0.6);
    }
  });

  it('are forecast by a model that was told the outcomes, whatever the horizon; without overlap, each counts once', () => {
    const known = checkShuffledLabels(oracle(260, 10, true), { seed: 1 });
    // Of 240 rows 230 have a label: those of rows 0, 10, ... 220.
    expect(hitsOf(known.detail)).toEqual([23, 23]);
    expect(known).toMatchObject({ name: 'shuffled-labels', passed: false });
  });

  it('count as known when forecasts are wrong too often to be chance', () => {
    const { passed, detail } = checkShuffledLabels(oracle(260, 1, false), { seed: 1 });
    expect(hitsOf(detail)).toEqual([0, 239]);
    expect(passed).toBe(false);
  });

  it('fail a model from one chance in ten thousand on', () => {
    // 14 right of 14: p = 0.00012; 15 of 15: 0.00006.
    const fourteen = checkShuffledLabels(oracle(35, 1, true), { seed: 1 });
    expect(hitsOf(fourteen.detail)).toEqual([14, 14]);
    expect(fourteen.passed).toBe(true);
    expect(fourteen.detail).toMatch(/p = 0\.00012\); too few to show a leak$/);
    const fifteen = checkShuffledLabels(oracle(36, 1, true), { seed: 1 });
    expect(hitsOf(fifteen.detail)).toEqual([15, 15]);
    expect(fifteen.passed).toBe(false);
    expect(fifteen.detail).toMatch(/p = 0\.000061\)$/);
  });

  it('leave a neutral forecast to a coin', () => {
    const shares = [1, 2, 3, 4, 5].map((seed) => {
      const { passed, detail } = checkShuffledLabels(
        forecaster(400, 1, () => 0),
        { seed },
      );
      expect(passed).toBe(true);
      const [hits, n] = hitsOf(detail);
      expect(n).toBe(379);
      return hits! / n!;
    });
    expect(new Set(shares).size).toBeGreaterThan(2);
  });

  it('leave a label that is neutral to a coin', () => {
    const known = oracle(1020, 1, true);
    const { series, events } = known.histories[0]!;
    // Every fifth session the price stands still: a tenth of the directions is missed.
    const close = series.close.map((price, bar) => (bar % 5 === 0 && bar > 0 ? series.close[bar - 1]! : price));
    const histories = [{ series: { ...series, close }, events }];
    const [hits, n] = hitsOf(checkShuffledLabels({ ...known, histories }, { seed: 1 }).detail);
    expect(Math.abs(hits! / n! - 0.9)).toBeLessThan(0.04);
  });

  it('show what a model knows however large the constant that it adds', () => {
    const offset = forecaster(400, 1, (features, row) => 100 + (labels(features, 1)[row]! || 0));
    const { passed, detail } = checkShuffledLabels(offset, { seed: 1 });
    const [hits, n] = hitsOf(detail);
    expect(hits! / n!).toBeGreaterThan(0.9);
    expect(passed).toBe(false);
  });

  it('are not vouched for when a forecast is no number', () => {
    const broken = forecaster(100, 1, (_, row) => (row === 30 ? Number.NaN : 1));
    expect(checkShuffledLabels(broken, { seed: 1 })).toEqual({
      name: 'shuffled-labels',
      passed: false,
      detail: `the forecast of AAPL on ${broken.histories[0]!.series.dates[50]} is NaN`,
    });
  });

  it('are counted over all histories, each with coins of its own', () => {
    const two = honestSubject({ tickers: ['IBM', 'MSFT'], sessions: 400 });
    const worlds: FeatureMatrix[] = [];
    const found = checkShuffledLabels(
      {
        ...two,
        forecastOutOfSample(features) {
          worlds.push(...features);
          return two.forecastOutOfSample(features);
        },
      },
      { seed: 3 },
    );
    const [ibm, msft] = worlds.map(({ adjustedClose }) => adjustedClose);
    const original = two.histories.map(({ series, events }) => two.adjust(series, events).adjustedClose.slice(20));
    const mirrored = (world: Float64Array, real: Float64Array) =>
      Array.from(world.keys(), (t) => t > 0 && (world[t]! - world[t - 1]!) * (real[t]! - real[t - 1]!) < 0);
    expect(mirrored(ibm!, original[0]!)).not.toEqual(mirrored(msft!, original[1]!));
    expect(found.passed).toBe(true);
    const single = hitsOf(checkShuffledLabels(honestSubject({ sessions: 400 }), { seed: 3 }).detail)[1]!;
    expect(hitsOf(found.detail)[1]).toBeGreaterThan(1.8 * single);
  });

  it('are the same for the same seed', () => {
    expect(checkShuffledLabels(subject(400, 1), { seed: 9 })).toEqual(
      checkShuffledLabels(subject(400, 1), { seed: 9 }),
    );
  });

  it('are not vouched for without forecasts, or forecasts of sessions that have no label', () => {
    const nothing = { name: 'shuffled-labels', passed: false, detail: 'there are no out-of-sample forecasts to check' };
    for (const ordinals of [new Int32Array(0), Int32Array.of(3), Int32Array.of(9000)]) {
      const forecastOutOfSample = () => [{ ordinals, yHat: new Float64Array(ordinals.length) }];
      expect(checkShuffledLabels({ ...subject(100, 1), forecastOutOfSample }, { seed: 1 })).toEqual(nothing);
    }
  });

  it('stop with the reason given', () => {
    const reason = new Error('no longer wanted');
    expect(() => checkShuffledLabels(subject(100, 1), { seed: 1, signal: AbortSignal.abort(reason) })).toThrow(reason);
  });
});
