import type { SessionDate } from '../../domain/bar.ts';
import { directionalAccuracy } from '../../models/evaluation/metrics.ts';
import type { IntervalSeries, OutOfSampleForecasts } from '../../models/evaluation/out-of-sample.ts';
import type { Figure } from '../figure.ts';
import { rowRange } from './served.ts';

/** Whose forecasts a figure is about: a kind, `served`, or `constant-width` for the intervals' baseline. */
export interface Subject {
  readonly name: string;
  /** One series per ticker; undefined where the subject has no forecast of it in the span. */
  readonly forecasts: readonly (OutOfSampleForecasts | undefined)[];
  /** Share of days on which it served, per ticker. */
  readonly share?: readonly number[];
}

const BENCH = 'evaluate';
const CONSTANT_WIDTH = 'constant-width';

/**
 * The part of a series that was forecast from sessions in `[from, to]`, from none before the first of `beside`, so that
 * subjects are compared on the same days; undefined when there is none.
 */
export function within(
  forecasts: OutOfSampleForecasts,
  from: SessionDate,
  to: SessionDate,
  beside: OutOfSampleForecasts,
): OutOfSampleForecasts | undefined {
  const begin = beside.dates[0]! > from ? beside.dates[0]! : from;
  const first = forecasts.dates.findIndex((date) => date >= begin);
  const end = forecasts.dates.findLastIndex((date) => date <= to) + 1;
  return first === -1 || end <= first ? undefined : rowRange(forecasts, first, end);
}

/** Every figure of one horizon: per ticker, and pooled by averaging losses per date over the tickers first. */
export function figuresOf(tickers: readonly string[], horizon: number, subjects: readonly Subject[]): Figure[] {
  const figures: Figure[] = [];
  const say = (of: string, subject: string, metric: string, value: number | undefined, unit = '') => {
    if (value === undefined || Number.isNaN(value)) return;
    figures.push({ bench: BENCH, case: `${of}/h${horizon}`, subject, metric, value, unit });
  };
  for (const { name, forecasts, share } of subjects) {
    const known = forecasts.flatMap((each) => (each === undefined ? [] : [each]));
    const cases = [
      ...tickers.map((ticker, i) => ({
        of: ticker,
        series: forecasts[i] === undefined ? [] : [forecasts[i]],
        share: share?.[i],
      })),
      { of: 'pooled', series: known, share: share && share.reduce((sum, each) => sum + each, 0) / share.length },
    ];
    for (const { of, series, share: part } of cases) {
      if (series.length === 0) continue;
      say(of, name, 'rmse', Math.sqrt(byDate(series, ({ y, yHat }, i) => (y[i]! - yHat[i]!) ** 2)));
      say(
        of,
        name,
        'mae',
        byDate(series, ({ y, yHat }, i) => Math.abs(y[i]! - yHat[i]!)),
      );
      say(
        of,
        name,
        'direction',
        meanOver(series, ({ y, yHat }) => directionalAccuracy(y, yHat)),
      );
      sayIntervals(name, series, ({ intervals }) => intervals, of);
      if (name === 'served') sayIntervals(CONSTANT_WIDTH, series, ({ constantWidth }) => constantWidth, of);
      say(of, name, 'share', part);
    }
  }
  return figures;

  function sayIntervals(
    subject: string,
    series: readonly OutOfSampleForecasts[],
    intervalsOf: (forecasts: OutOfSampleForecasts) => readonly IntervalSeries[],
    of: string,
  ): void {
    intervalsOf(series[0]!).forEach(({ level }, k) => {
      const percent = Math.round(level * 100);
      const inside = byDate(series, (forecasts, i) => {
        const { lower, upper } = intervalsOf(forecasts)[k]!;
        return lower[i]! <= forecasts.y[i]! && forecasts.y[i]! <= upper[i]! ? 1 : 0;
      });
      const winkler = byDate(series, (forecasts, i) => {
        const { lower, upper } = intervalsOf(forecasts)[k]!;
        const outside = Math.max(0, lower[i]! - forecasts.y[i]!, forecasts.y[i]! - upper[i]!);
        return upper[i]! - lower[i]! + (2 / (1 - level)) * outside;
      });
      say(of, subject, `coverage${percent}`, inside);
      say(of, subject, `winkler${percent}`, winkler);
    });
  }
}

/** The mean over dates of the mean over the series that have a forecast from that date. */
function byDate(
  series: readonly OutOfSampleForecasts[],
  lossOf: (forecasts: OutOfSampleForecasts, row: number) => number,
): number {
  const sums = new Map<number, { sum: number; n: number }>();
  for (const forecasts of series) {
    forecasts.ordinals.forEach((ordinal, row) => {
      const day = sums.get(ordinal) ?? { sum: 0, n: 0 };
      sums.set(ordinal, { sum: day.sum + lossOf(forecasts, row), n: day.n + 1 });
    });
  }
  return [...sums.values()].reduce((total, { sum, n }) => total + sum / n, 0) / sums.size;
}

function meanOver(series: readonly OutOfSampleForecasts[], of: (forecasts: OutOfSampleForecasts) => number): number {
  const total = series.reduce((n, { y }) => n + y.length, 0);
  return series.reduce((sum, forecasts) => sum + of(forecasts) * forecasts.y.length, 0) / total;
}
