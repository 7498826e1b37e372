import { describe, expect, it } from 'vitest';
import type { AdjustedSeries } from '../../domain/bar.ts';
import { adjust } from '../../market/adjustment.ts';
import { honestSubject, sampleHistory } from '../../tests/leakage-subject.ts';
import { SAMPLE_TICKERS } from '../../tests/sample-series.ts';
import { buildFeatures } from '../features/build-features.ts';
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import { rowRange } from '../matrix.ts';
import { checkFeaturePerturbation } from './feature-perturbation.ts';
import { firstDifference } from './first-difference.ts';
import type { LeakageSubject } from './leakage-subject.ts';

const SEEDS = [1, 2, 3, 4, 5];
const honest = honestSubject({ tickers: ['AAPL'], sessions: 500 });
const check = (planted: Partial<LeakageSubject>, seed = 1) =>
  checkFeaturePerturbation({ ...honest, ...planted }, { seed });

/** The system's features with one column replaced; `value` gets prices and the bar that the row is of. */
const withColumn =
  (name: string, value: (prices: Float64Array, bar: number) => number) =>
  (series: AdjustedSeries): FeatureMatrix => {
    const features = buildFeatures(series);
    const { nColumns, values } = features.X;
    const warmUp = series.dates.length - features.dates.length;
    const column = features.names.indexOf(name);
    features.dates.forEach((_, row) => {
      values[row * nColumns + column] = value(series.adjustedClose, warmUp + row);
    });
    return features;
  };

/** Each planted leak with the word that its detail must hold. */
const LEAKS: readonly [string, Partial<LeakageSubject>, RegExp][] = [
  [
    'a centred moving average',
    {
      buildFeatures: withColumn('close_to_ma5', (prices, bar) => {
        const around = prices.slice(bar - 2, bar + 3);
        return prices[bar]! / (around.reduce((sum, price) => sum + price, 0) / around.length) - 1;
      }),
    },
    /^close_to_ma5 of AAPL on \d{4}-\d\d-\d\d changes from .+ to .+ when what comes after \d{4}-\d\d-\d\d is changed$/,
  ],
  [
    "the next session's return",
    {
      buildFeatures: withColumn('return', (prices, bar) => Math.log((prices[bar + 1] ?? prices[bar]!) / prices[bar]!)),
    },
    /^return of AAPL/,
  ],
  [
    'a feature measured by its mean over the whole history',
    {
      buildFeatures: withColumn('return', (prices, bar) => prices[bar]! / prices.reduce((sum, price) => sum + price)),
    },
    /^return of AAPL/,
  ],
  [
    'prices adjusted backward, which a later split rescales',
    {
      adjust(series, events) {
        const adjusted = adjust(series, events);
        const scale = series.close.at(-1)! / adjusted.adjustedClose.at(-1)!;
        return { ...adjusted, adjustedClose: adjusted.adjustedClose.map((price) => price * scale) };
      },
    },
    /^adjustedClose of AAPL/,
  ],
  [
    'volumes in shares of the newest session',
    {
      adjust(series, events) {
        const shares = events.reduce((product, { kind, value }) => (kind === 'split' ? product * value : product), 1);
        return { ...adjust(series, events), adjustedVolume: series.volume.map((volume) => volume * shares) };
      },
    },
    /^adjustedVolume of AAPL/,
  ],
  [
    'a volatility of the whole history',
    {
      volatility: ({ adjustedClose }) => {
        const spread = Math.max(...adjustedClose) - Math.min(...adjustedClose);
        return adjustedClose.map(() => spread);
      },
    },
    /^volatility of AAPL/,
  ],
  [
    'label prices that are restated later',
    {
      buildFeatures(series) {
        const features = buildFeatures(series);
        const newest = features.adjustedClose.at(-1)!;
        return { ...features, adjustedClose: features.adjustedClose.map((price) => price / newest) };
      },
      volatility: ({ dates }) => new Float64Array(dates.length),
    },
    /^the price that labels start from of AAPL/,
  ],
  [
    'rows that are there only if a bar follows',
    {
      buildFeatures(series) {
        const features = buildFeatures(series);
        const rows = Math.max(0, features.dates.length - 1);
        return { ...features, dates: features.dates.slice(0, rows), X: rowRange(features.X, 0, rows) };
      },
    },
    /^the row of features of AAPL on .* to undefined when what comes after .* is unknown$/,
  ],
  [
    'rows that begin where the length of the history says',
    {
      buildFeatures(series) {
        const features = buildFeatures(series);
        const [from, to] = [series.dates.length % 7, features.dates.length];
        if (from > to) return features;
        return { ...features, dates: features.dates.slice(from), X: rowRange(features.X, from, to) };
      },
      volatility: ({ dates }) => new Float64Array(dates.length),
    },
    /^the row of features of AAPL on .* changes from .* when what comes after .* is unknown$/,
  ],
];

describe('the perturbation of what features may not know', () => {
  it.each(SAMPLE_TICKERS)('finds nothing in the features of %s, whatever the seed', (ticker) => {
    const histories = [sampleHistory(ticker)];
    const rows = (histories[0]!.series.dates.length - 20).toLocaleString('en-US');
    for (const seed of SEEDS) {
      expect(check({ histories }, seed)).toEqual({
        name: 'future-perturbation/features',
        passed: true,
        detail:
          'adjusted prices, features and volatility stay equal to the bit up to each of 5 sessions a ticker when later ' +
          `bars, splits and dividends are changed or unknown (${rows} rows)`,
      });
    }
  });

  it.each(LEAKS)('catches %s, whatever the seed', (_, planted, detail) => {
    for (const seed of SEEDS) {
      const found = check(planted, seed);
      expect(found.passed).toBe(false);
      expect(found.name).toBe('future-perturbation/features');
      expect(found.detail).toMatch(detail);
    }
  });

  it('names the first cell that changes, with its date and the session after which the future was changed', () => {
    // Looks one session ahead: what changes is the row of the very session that was the last to be known.
    const ahead = withColumn('rsi14', (prices, bar) => prices[bar + 1] ?? 0);
    const { detail } = check({ buildFeatures: ahead });
    const [, date, last] = /^rsi14 of AAPL on (\S+) .* after (\S+) is changed$/.exec(detail)!;
    expect(date).toBe(last);
  });

  it('looks into every history', () => {
    const histories = [sampleHistory('IBM', 300), sampleHistory('MSFT', 300)];
    expect(check({ histories })).toMatchObject({ passed: true, detail: expect.stringContaining('(560 rows)') });
    const leaking = (series: AdjustedSeries) =>
      series.ticker === 'MSFT' ? withColumn('rsi14', (prices) => prices.at(-1)!)(series) : buildFeatures(series);
    expect(check({ histories, buildFeatures: leaking })).toMatchObject({
      passed: false,
      detail: expect.stringContaining('rsi14 of MSFT'),
    });
  });

  it('disturbs every part of a history, and sessions drawn by the seed', () => {
    const disturbed = (seed: number) => {
      const rows: number[] = [];
      const { dates } = buildFeatures(honest.adjust(honest.histories[0]!.series, []));
      check(
        {
          buildFeatures(series) {
            if (series.dates.length < 500) rows.push(dates.indexOf(series.dates.at(-1)!));
            return buildFeatures(series);
          },
        },
        seed,
      );
      return rows;
    };
    expect(disturbed(1)).toEqual(disturbed(1));
    expect(disturbed(1)).not.toEqual(disturbed(2));
    for (const seed of SEEDS) {
      const rows = disturbed(seed);
      expect(rows).toHaveLength(5);
      rows.forEach((row, fifth) => {
        expect(row).toBeGreaterThanOrEqual(Math.floor((fifth / 5) * 479));
        expect(row).toBeLessThan(((fifth + 1) / 5) * 479);
      });
    }
  });

  it('does not vouch for features that come from elsewhere', () => {
    const kept = buildFeatures(adjust(honest.histories[0]!.series, []));
    const frozen = (series: AdjustedSeries) => ({
      ...kept,
      dates: kept.dates.slice(0, Math.max(0, series.dates.length - 20)),
    });
    expect(check({ buildFeatures: frozen })).toEqual({
      name: 'future-perturbation/features',
      passed: false,
      detail: expect.stringMatching(
        /^no feature of AAPL changes with the prices after .*, so nothing can be concluded$/,
      ),
    });
  });

  it('does not vouch for a history with nothing to compare', () => {
    for (const [sessions, rows] of [
      [20, '0 rows'],
      [21, '1 row'],
    ] as const) {
      expect(check({ histories: [sampleHistory('IBM', sessions)] })).toEqual({
        name: 'future-perturbation/features',
        passed: false,
        detail: `IBM has ${rows} of features, too few to check`,
      });
    }
    expect(check({ histories: [sampleHistory('IBM', 22)] }).passed).toBe(true);
  });

  it('stops with the reason it is given', () => {
    const reason = new Error('no longer wanted');
    const signal = AbortSignal.abort(reason);
    expect(() => checkFeaturePerturbation(honest, { seed: 1, signal })).toThrow(reason);
  });
});

describe('the first difference', () => {
  it('is found to the bit, within the length', () => {
    expect(firstDifference([1, Number.NaN, 3], [1, Number.NaN, 4], 3)).toBe(2);
    expect(firstDifference([1, Number.NaN, 3], [1, Number.NaN, 4], 2)).toBe(-1);
    expect(firstDifference([0], [-0], 1)).toBe(0);
    expect(firstDifference([1, 2], [1], 2)).toBe(1);
    expect(firstDifference([5], [6], 0)).toBe(-1);
  });
});
