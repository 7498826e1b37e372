import { DEFAULT_HORIZONS } from '../../domain/horizon.ts';
import { INTERVAL_LEVELS } from '../../domain/calibration.ts';
import type { IntervalSeries } from '../../models/evaluation/out-of-sample.ts';
import { buildFeatures } from '../../models/features/build-features.ts';
import type { FeatureMatrix } from '../../models/features/feature-matrix.ts';
import { labels, sessionOrdinals } from '../../models/features/labels.ts';
import { conformalIntervals } from '../../models/intervals/conformal.ts';
import { constantWidthIntervals } from '../../models/intervals/constant-width.ts';
import { forecastVolatility } from '../../models/intervals/volatility.ts';
import { SAMPLE_TICKERS, sampleSeries } from '../../tests/sample-series.ts';
import { type Bench, OURSELVES } from '../figure.ts';

const CONSTANT_WIDTH = 'constant-width';
type Subject = typeof OURSELVES | typeof CONSTANT_WIDTH;

/** Sessions forecast from. Choices were made on the first span and simulations; the second only reports how they did. */
const SPANS = [
  { name: 'before 2005-03', from: '2001-04-01', until: '2005-03-01' },
  { name: '2005-03 to 2013-03', from: '2005-03-01', until: '2013-03-02' },
] as const;

/** How the intervals of one level did on a span of one ticker. */
interface Judged {
  readonly nForecasts: number;
  readonly covered: number;
  /** Sum of Winkler scores: width, and 2 / (1 - level) times what an outcome lies outside. */
  readonly winkler: number;
}

function judgedIntervals({ level, lower, upper }: IntervalSeries, y: Float64Array, rows: readonly number[]): Judged {
  let covered = 0;
  let winkler = 0;
  for (const row of rows) {
    const outside = Math.max(0, lower[row]! - y[row]!, y[row]! - upper[row]!);
    if (outside === 0) covered++;
    winkler += upper[row]! - lower[row]! + (2 / (1 - level)) * outside;
  }
  return { nForecasts: rows.length, covered, winkler };
}

function pooled(results: readonly Judged[]): Judged {
  const sum = (of: (result: Judged) => number) => results.reduce((total, result) => total + of(result), 0);
  return {
    nForecasts: sum(({ nForecasts }) => nForecasts),
    covered: sum(({ covered }) => covered),
    winkler: sum(({ winkler }) => winkler),
  };
}

/** Both kinds of intervals around naive forecasts from every session that has a volatility and an outcome. */
function naiveIntervals(features: FeatureMatrix, horizon: number) {
  const allY = labels(features, horizon);
  const allVolatility = forecastVolatility(features.adjustedClose, horizon);
  const ordinals = sessionOrdinals(features.dates);
  const rows = [...allY.keys()].filter((row) => Number.isFinite(allY[row]!) && Number.isFinite(allVolatility[row]!));
  const y = Float64Array.from(rows, (row) => allY[row]!);
  const forecasts = {
    horizon,
    ordinals: Int32Array.from(rows, (row) => ordinals[row]!),
    y,
    yHat: new Float64Array(y.length),
    volatility: Float64Array.from(rows, (row) => allVolatility[row]!),
  };
  return {
    dates: rows.map((row) => features.dates[row]!),
    y,
    [OURSELVES]: conformalIntervals(forecasts),
    [CONSTANT_WIDTH]: constantWidthIntervals(forecasts),
  };
}

/** Compares volatility-scaled conformal intervals with constant-width ones, around naive forecasts. */
export const intervalsBench: Bench = {
  name: 'intervals',
  description: 'Coverage and Winkler scores of prediction intervals around the naive forecast',
  subjects: [OURSELVES, CONSTANT_WIDTH],
  async run({ subjects = [OURSELVES, CONSTANT_WIDTH] }, report) {
    for (const horizon of DEFAULT_HORIZONS) {
      const tickers = SAMPLE_TICKERS.map((ticker) => naiveIntervals(buildFeatures(sampleSeries(ticker)), horizon));
      for (const { name, from, until } of SPANS) {
        const rowsOf = tickers.map(({ dates }) =>
          [...dates.keys()].filter((row) => dates[row]! >= from && dates[row]! < until),
        );
        // A ticker whose first year lies in the span would be judged on intervals that rest on almost nothing.
        const judged = [...SAMPLE_TICKERS.keys()].filter((t) => rowsOf[t]!.length > 252);
        const say = (of: string, subject: Subject, metric: string, value: number) => {
          if (!subjects.includes(subject)) return;
          report.figure({ bench: 'intervals', case: `${of}/h${horizon} ${name}`, subject, metric, value, unit: '%' });
        };
        INTERVAL_LEVELS.forEach((level, i) => {
          const judge = (subject: Subject) =>
            judged.map((t) => judgedIntervals(tickers[t]![subject][i]!, tickers[t]!.y, rowsOf[t]!));
          const [ours, constant] = [judge(OURSELVES), judge(CONSTANT_WIDTH)];
          const percent = Math.round(level * 100);
          const compare = (of: string, mine: Judged, baseline: Judged) => {
            for (const [subject, { covered, winkler, nForecasts }] of [
              [OURSELVES, mine],
              [CONSTANT_WIDTH, baseline],
            ] as const) {
              say(of, subject, `coverage${percent}`, (covered / nForecasts) * 100);
              say(of, subject, `winkler${percent}`, (winkler / nForecasts) * 100);
              say(of, subject, `winkler${percent}_above_constant`, (winkler / baseline.winkler - 1) * 100);
            }
          };
          judged.forEach((t, k) => compare(SAMPLE_TICKERS[t]!, ours[k]!, constant[k]!));
          compare('pooled', pooled(ours), pooled(constant));
        });
      }
    }
    report.note(
      'Winkler scores are in log returns, lower is better. Choices rest on the span before 2005-03 and on simulations.',
    );
  },
};
