import { describe, expect, it } from 'vitest';
import { seriesOf } from '../../domain/dataset.ts';
import { adjust } from '../../market/adjustment.ts';
import { sampleBars } from '../../tests/sample-series.ts';
import { buildFeatures } from '../features/build-features.ts';
import { WARM_UP } from '../features/feature-matrix.ts';
import { labels, sessionOrdinals } from '../features/labels.ts';
import { VOLATILITY_WARM_UP, forecastVolatility } from '../intervals/volatility.ts';
import {
  betweenSessions,
  inputsOf,
  learningRows,
  newestInput,
  sessionsNeeded,
  tooFewSessions,
  withLookback,
} from './learning-rows.ts';

/** Features of a ticker's first sessions, without those whose index is named. */
function featuresOf(sessions: number, missing: readonly number[] = []) {
  const bars = sampleBars('IBM').slice(0, sessions);
  return buildFeatures(adjust(seriesOf(bars.filter((_, i) => !missing.includes(i))), []));
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('rows to learn from', () => {
  it('begin where volatility is known and end where the outcome is not', () => {
    const features = featuresOf(100);
    const { rows, dates, ordinals, y, volatility, nWithoutTarget } = learningRows(features, 5);
    expect([...rows]).toEqual(range(VOLATILITY_WARM_UP, 100 - WARM_UP - 5));
    expect(dates).toEqual(Array.from(rows, (row) => features.dates[row]));
    expect(ordinals).toEqual(sessionOrdinals(dates));
    expect(y).toEqual(labels(features, 5).slice(VOLATILITY_WARM_UP, -5));
    expect(volatility).toEqual(forecastVolatility(features.adjustedClose, 5).slice(VOLATILITY_WARM_UP, -5));
    expect(nWithoutTarget).toBe(0);
  });

  it('leave out a session whose target inside the history has no bar, and count it', () => {
    const features = featuresOf(100, [70]);
    const { rows, nWithoutTarget } = learningRows(features, 5);
    expect([...rows]).toEqual(range(10, 74).filter((row) => row !== 70 - 5 - WARM_UP));
    expect(nWithoutTarget).toBe(1);
    // The newest session is the target of one row: a gap just before it counts, the future does not.
    expect(learningRows(featuresOf(100, [98]), 5).nWithoutTarget).toBe(1);
    expect(learningRows(featuresOf(100, [99]), 5).nWithoutTarget).toBe(0);
  });

  it('are none of a history shorter than the warm-up', () => {
    expect(learningRows(featuresOf(WARM_UP), 1)).toMatchObject({ dates: [], nWithoutTarget: 0 });
  });

  it('can be cut to sessions, both ends included', () => {
    const rows = learningRows(featuresOf(100), 1);
    const cut = betweenSessions(rows, rows.ordinals[3]!, rows.ordinals[6]!);
    expect(cut).toEqual({
      ...rows,
      rows: rows.rows.slice(3, 7),
      dates: rows.dates.slice(3, 7),
      ordinals: rows.ordinals.slice(3, 7),
      y: rows.y.slice(3, 7),
      volatility: rows.volatility.slice(3, 7),
    });
  });

  it('with a look back are those with whole sequences', () => {
    const rows = learningRows(featuresOf(100), 1);
    expect(withLookback(rows, 1)).toBe(rows);
    expect([...withLookback(rows, 11).rows]).toEqual([...rows.rows]);
    expect([...withLookback(rows, 13).rows]).toEqual([...rows.rows].slice(2));
    const gapped = learningRows(featuresOf(100, [70]), 1);
    const dropped = [...gapped.rows].filter((row) => !withLookback(gapped, 3).rows.includes(row));
    // The missing bar's own place in the matrix is taken by the session after it.
    expect(dropped).toEqual([70 - WARM_UP, 71 - WARM_UP]);
  });
});

describe('inputs of a model', () => {
  it('are the rows before each row and itself, oldest first', () => {
    const features = featuresOf(60);
    const { nColumns, values } = features.X;
    const input = inputsOf(features, [4, 9], 3);
    expect(input).toMatchObject({ nRows: 2, nColumns: 3 * nColumns });
    expect(input.values).toEqual(
      Float64Array.of(...values.slice(2 * nColumns, 5 * nColumns), ...values.slice(7 * nColumns, 10 * nColumns)),
    );
  });

  it('of the newest session are its own last rows', () => {
    const features = featuresOf(60);
    expect(newestInput(features, 1)).toEqual(inputsOf(features, [39], 1));
    expect(newestInput(features, 40)).toEqual(inputsOf(features, [39], 40));
    expect(newestInput(features, 41)).toBeUndefined();
    expect(newestInput(featuresOf(WARM_UP), 1)).toBeUndefined();
  });
});

describe('a history too short', () => {
  it('needs more sessions for long horizons and long sequences', () => {
    // 20 and 10 to warm up, 10 to learn from, and twice the horizon; never fewer than 60.
    expect([1, 10, 11, 30].map((horizon) => sessionsNeeded(horizon))).toEqual([60, 60, 62, 100]);
    expect([1, 11, 12, 31].map((lookback) => sessionsNeeded(30, lookback))).toEqual([100, 100, 101, 120]);
  });

  it('is told how long it is, what it lacks and what would do', () => {
    const said = (sessions: number, missing: readonly number[] = []) =>
      tooFewSessions(learningRows(featuresOf(sessions, missing), 30), 30).message;
    expect(said(80)).toContain('IBM has 80 sessions, at least 100 are needed');
    expect(said(90, [70])).toContain('IBM has 89 (1 of them without a price 30 later) sessions, at least 101 are');
    expect(said(20)).toContain('IBM has at most 20 sessions, at least 100 are needed');
    const rows = learningRows(featuresOf(80), 30);
    expect(tooFewSessions(rows, 30, 12).message).toContain('at least 101 are needed');
  });
});
