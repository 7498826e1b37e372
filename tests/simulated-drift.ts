import { simulatedUniverse } from '../benchmarks/accuracy/simulated-universe.ts';
import type { AdjustedSeries } from '../domain/bar.ts';
import type { Horizon } from '../domain/horizon.ts';
import { type NamedColumn, compareWindows, windowLength } from '../models/drift/compare-windows.ts';
import { checkCoverage } from '../models/drift/coverage.ts';
import { judgeDrift } from '../models/drift/judge-drift.ts';
import { residualsOutOfSample } from '../models/drift/residual-window.ts';
import { buildFeatures } from '../models/features/build-features.ts';
import { labels, sessionOrdinals } from '../models/features/labels.ts';
import { conformalIntervals } from '../models/intervals/conformal.ts';
import { forecastVolatility } from '../models/intervals/volatility.ts';
import { seededRandom } from '../models/random.ts';

const WARM_UP = 30;

/** Columns that each follow x(t) = phi x(t-1) + e(t) with e standard normal, from their stationary distribution. */
export function autoregressive(phi: number, nColumns: number, n: number, seed: number): NamedColumn[] {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Array.from({ length: nColumns }, (_, j) => {
    let x = normal() / Math.sqrt(1 - phi * phi);
    const values = Float64Array.from({ length: n }, () => {
      const value = x;
      x = phi * x + normal();
      return value;
    });
    return { name: `column ${j}`, values };
  });
}

/** Splits columns into the first `n` rows and the next `m`. */
export function split(columns: readonly NamedColumn[], n: number, m: number): [NamedColumn[], NamedColumn[]] {
  const part = (from: number, to: number) =>
    columns.map(({ name, values }) => ({ name, values: values.slice(from, to) }));
  return [part(0, n), part(n, n + m)];
}

/** One ticker with volatility that clusters and fat tails, and nothing else. */
export function clusteredPrices(seed: number, nSessions: number): AdjustedSeries {
  return simulatedUniverse({ seed, nTickers: 1, nSessions, signalR2: 0 })[0]!;
}

/** The features of such prices. */
export function clusteredFeatures(seed: number, nRows: number): NamedColumn[] {
  return featureColumns(clusteredPrices(seed, nRows + 20));
}

/** Daily log returns from a session on, times a factor: high, low, open and close move with them. */
export function moreVolatile(series: AdjustedSeries, from: number, factor: number): AdjustedSeries {
  const close = Float64Array.from(series.close);
  const open = Float64Array.from(series.open);
  const high = Float64Array.from(series.high);
  const low = Float64Array.from(series.low);
  for (let t = from; t < close.length; t++) {
    const was = series.close[t - 1]!;
    const moved = (price: number) => close[t - 1]! * (price / was) ** factor;
    open[t] = moved(series.open[t]!);
    high[t] = moved(series.high[t]!);
    low[t] = moved(series.low[t]!);
    close[t] = moved(series.close[t]!);
  }
  return { ...series, open, high, low, close, adjustedClose: close };
}

/**
 * The verdict on a naive model that learnt from the first `nLearnt` rows and has forecast live ever since, with the
 * intervals that serving would have given.
 */
export function simulatedVerdict(series: AdjustedSeries, nLearnt: number, window: number, horizon: Horizon) {
  const columns = featureColumns(series);
  const nRows = columns[0]!.values.length;
  const m = windowLength(window, nRows - nLearnt);
  const [, newest] = split(columns, nRows - m, m);
  const [, learnt] = split(columns, nLearnt - window, window);

  const features = buildFeatures(series);
  const allY = labels(features, horizon);
  const volatility = forecastVolatility(features.adjustedClose, horizon);
  const rows = [...allY.keys()].filter((row) => row >= WARM_UP && Number.isFinite(allY[row]!));
  const y = Float64Array.from(rows, (row) => allY[row]!);
  const yHat = new Float64Array(y.length);
  const ordinals = sessionOrdinals(features.dates);
  const intervals = conformalIntervals({
    ...{ y, yHat, horizon },
    volatility: Float64Array.from(rows, (row) => volatility[row]!),
    ordinals: Int32Array.from(rows, (row) => ordinals[row]!),
  });
  const first = rows.findIndex((row) => row >= nLearnt);
  const cut = (from: number, to: number) => ({
    y: y.slice(from, to),
    yHat: yHat.slice(from, to),
    intervals: intervals.map((each) => ({
      ...each,
      lower: each.lower.slice(from, to),
      upper: each.upper.slice(from, to),
    })),
  });
  const reference = residualsOutOfSample(cut(0, first - horizon), horizon);
  const { lower, upper } = intervals[0]!;
  const live = Float64Array.from(rows.slice(first).keys(), (i) => {
    const row = first + i;
    return (-2 * y[row]!) / (upper[row]! - lower[row]!);
  });
  const newestLive = live.slice(-windowLength(reference.length, live.length));
  const coverage = (level: number) => {
    const of = intervals.find((each) => each.level === level)!;
    const inside = Array.from(live, (_, i) => {
      const row = first + i;
      return of.lower[row]! <= y[row]! && y[row]! <= of.upper[row]!;
    });
    return checkCoverage(inside, level, horizon);
  };
  const stretch = { first: '', last: '' };
  return judgeDrift({
    features: { ...compareWindows(learnt, newest), training: stretch, window: stretch },
    residuals: compareWindows([{ name: 'residual', values: reference }], [{ name: 'residual', values: newestLive }]),
    coverage80: coverage(0.8),
    coverage95: coverage(0.95),
  });
}

function featureColumns(series: AdjustedSeries): NamedColumn[] {
  const { names, X } = buildFeatures(series);
  return names.map((name, j) => ({
    name,
    values: Float64Array.from({ length: X.nRows }, (_, i) => X.values[i * X.nColumns + j]!),
  }));
}
