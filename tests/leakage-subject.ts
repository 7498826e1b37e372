import { seriesOf } from '../domain/dataset.ts';
import type { Horizon } from '../domain/horizon.ts';
import { adjust } from '../market/adjustment.ts';
import { type Fold, walkForwardFolds } from '../models/evaluation/walk-forward.ts';
import { buildFeatures } from '../models/features/build-features.ts';
import type { FeatureMatrix } from '../models/features/feature-matrix.ts';
import { labels, sessionOrdinals } from '../models/features/labels.ts';
import { forecastVolatility } from '../models/intervals/volatility.ts';
import type { Forecasts, LeakageSubject, LearningRows } from '../models/leakage/leakage-subject.ts';
import type { PriceHistory } from '../models/leakage/price-history.ts';
import { linear } from '../models/linear/ridge.ts';
import { takeRows } from '../models/matrix.ts';
import type { Model, ModelKind } from '../models/model.ts';
import { sampleBars, sampleEvents } from './sample-series.ts';

/** How a subject learns. */
export interface SubjectOptions {
  readonly tickers?: readonly string[];
  /** Only the newest sessions; all of them when absent. */
  readonly sessions?: number;
  readonly kind?: ModelKind;
  readonly horizon?: Horizon;
  readonly lookback?: number;
  /** Most rows that one fit forecasts. */
  readonly stepSize?: number;
}

/** Rows of a pooled fit, ascending by session. */
interface PooledRows extends LearningRows {
  /** Which of the features each row is from, and where there. */
  readonly source: readonly number[];
  readonly featureRow: readonly number[];
}

/** A bundled ticker's bars, the newest `sessions` of them, and its events. */
export function sampleHistory(ticker: string, sessions = Number.POSITIVE_INFINITY): PriceHistory {
  const bars = sampleBars(ticker);
  return { series: seriesOf(bars.slice(Math.max(0, bars.length - sessions))), events: sampleEvents(ticker) };
}

/** A way to learn that knows nothing of the future, on bundled prices: by default one fold of ridge regression. */
export function honestSubject(options: SubjectOptions = {}): LeakageSubject {
  const { tickers = ['IBM'], sessions, horizon = 1, lookback = 1, stepSize = 1e6, kind = linear } = options;
  const parts = {
    histories: tickers.map((ticker) => sampleHistory(ticker, sessions)),
    horizon,
    lookback,
    adjust,
    buildFeatures,
    volatility: (features: FeatureMatrix) => forecastVolatility(features.adjustedClose, horizon),
    learningRows: (features: readonly FeatureMatrix[]) => pooledRows(features, horizon, lookback),
    folds: (ordinals: Int32Array) => foldsOf(ordinals, horizon, stepSize),
  };
  return { ...parts, forecastOutOfSample: (features) => walkForward(parts, kind, features) };
}

/** The rows of all of the features that have whole sequences, a volatility and a label. */
export function pooledRows(features: readonly FeatureMatrix[], horizon: Horizon, lookback: number): PooledRows {
  const rows = features.flatMap((matrix, source) => {
    const ordinals = sessionOrdinals(matrix.dates);
    const y = labels(matrix, horizon);
    const { nColumns } = matrix.X;
    return Array.from(ordinals, (ordinal, row) => ({ source, row, ordinal, y: y[row]! }))
      .filter(({ row, ordinal, y }) => Number.isFinite(y) && ordinals[row - lookback + 1] === ordinal - lookback + 1)
      .map((found) => ({
        ...found,
        x: matrix.X.values.subarray((found.row - lookback + 1) * nColumns, (found.row + 1) * nColumns),
      }));
  });
  rows.sort((a, b) => a.ordinal - b.ordinal || a.source - b.source);
  const nColumns = lookback * features[0]!.X.nColumns;
  const values = new Float64Array(rows.length * nColumns);
  rows.forEach(({ x }, i) => values.set(x, i * nColumns));
  return {
    X: { nRows: rows.length, nColumns, values },
    y: Float64Array.from(rows, ({ y }) => y),
    ordinals: Int32Array.from(rows, ({ ordinal }) => ordinal),
    source: rows.map(({ source }) => source),
    featureRow: rows.map(({ row }) => row),
  };
}

/** The system's folds over sessions, as ranges of rows of which several may belong to one session. */
function foldsOf(ordinals: Int32Array, horizon: Horizon, stepSize: number): Fold[] {
  const sessions = Int32Array.from(new Set(ordinals));
  const firstRow = (session: number) => {
    const row = ordinals.findIndex((ordinal) => ordinal >= (sessions[session] ?? Number.POSITIVE_INFINITY));
    return row < 0 ? ordinals.length : row;
  };
  return walkForwardFolds(sessions, { horizon, window: 504, stepSize }).map(
    ({ trainFrom, trainTo, testFrom, testTo }) => ({
      trainFrom: firstRow(trainFrom),
      trainTo: firstRow(trainTo),
      testFrom: firstRow(testFrom),
      testTo: firstRow(testTo),
    }),
  );
}

/** What a walk-forward is made of; planted leaks replace parts of it. */
export type WalkForwardParts = Pick<LeakageSubject, 'volatility' | 'folds'> & {
  learningRows(features: readonly FeatureMatrix[]): LearningRows;
};

/** Fits on volatility-scaled labels fold by fold and forecasts what follows, as the evaluation does. */
export function walkForward(
  parts: WalkForwardParts,
  kind: ModelKind,
  features: readonly FeatureMatrix[],
): readonly Forecasts[] {
  const { X, y, ordinals, source, featureRow } = parts.learningRows(features) as PooledRows;
  const volatilities = features.map((matrix) => parts.volatility(matrix));
  const volatility = y.map((_, row) => volatilities[source[row]!]![featureRow[row]!]!);
  const found = features.map(() => ({ ordinals: [] as number[], yHat: [] as number[] }));
  for (const { trainFrom, trainTo, testFrom, testTo } of parts.folds(ordinals)) {
    const train = rowsWhere(volatility, trainFrom, trainTo);
    const scaled = Float64Array.from(train, (row) => y[row]! / volatility[row]!);
    const model: Model = kind.fit(takeRows(X, train), scaled, kind.defaults, { seed: 3 });
    const test = rowsWhere(volatility, testFrom, testTo);
    const yHat = model.predict(takeRows(X, test));
    test.forEach((row, i) => {
      const forecasts = found[source[row]!]!;
      forecasts.ordinals.push(ordinals[row]!);
      forecasts.yHat.push(yHat[i]! * volatility[row]!);
    });
  }
  return found.map((forecasts) => ({
    ordinals: Int32Array.from(forecasts.ordinals),
    yHat: Float64Array.from(forecasts.yHat),
  }));
}

function rowsWhere(volatility: Float64Array, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i).filter((row) => volatility[row]! > 0);
}
