import type { AdjustedSeries, SessionDate } from '../../domain/bar.ts';
import type { NamedLeakageCheck } from '../../domain/leakage.ts';
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import { seededRandom } from '../random.ts';
import { count } from './in-words.ts';
import { firstDifference } from './first-difference.ts';
import type { LeakageOptions, LeakageSubject } from './leakage-subject.ts';
import { historyUpTo, type PriceHistory, withOtherFuture } from './price-history.ts';

const NAME = 'future-perturbation/features';

/** Sessions of each history after which the future is changed, one drawn from each fifth of it. */
const N_SESSIONS = 5;

const ADJUSTED_COLUMNS = ['open', 'high', 'low', 'close', 'volume', 'adjustedClose', 'adjustedVolume'] as const;

interface Derived {
  readonly adjusted: AdjustedSeries;
  readonly features: FeatureMatrix;
  readonly volatility: Float64Array;
}

type Procedures = Pick<LeakageSubject, 'histories' | 'adjust' | 'buildFeatures' | 'volatility'>;

/**
 * Rebuilds adjusted prices, features and volatility with another future, and with none, after sessions spread over each
 * history: up to that session, every bit must stay as it was. Fails, too, when another future changes no feature after
 * it either, because then the features don't come from these prices and equality means nothing.
 */
export function checkFeaturePerturbation(subject: Procedures, { seed, signal }: LeakageOptions): NamedLeakageCheck {
  const random = seededRandom(seed);
  let nRows = 0;
  for (const history of subject.histories) {
    const whole = derive(subject, history);
    const { ticker, dates } = whole.features;
    if (dates.length < 2) return failed(`${ticker} has ${count(dates.length, 'row')} of features, too few to check`);
    nRows += dates.length;
    for (let k = 0; k < N_SESSIONS; k++) {
      signal?.throwIfAborted();
      const row = Math.floor(((k + random.next()) / N_SESSIONS) * (dates.length - 1));
      const last = dates[row]!;
      const perturbed = derive(subject, withOtherFuture(history, last, random));
      const truncated = derive(subject, historyUpTo(history, last));
      const fault =
        differenceUpTo(last, whole, perturbed, 'changed') ?? differenceUpTo(last, whole, truncated, 'unknown');
      if (fault !== undefined) return failed(fault);
      if (!differsAfter(row, whole.features, perturbed.features)) {
        return failed(`no feature of ${ticker} changes with the prices after ${last}, so nothing can be concluded`);
      }
    }
  }
  return {
    name: NAME,
    passed: true,
    detail:
      `adjusted prices, features and volatility stay equal to the bit up to each of ${N_SESSIONS} sessions a ticker ` +
      `when later bars, splits and dividends are changed or unknown (${count(nRows, 'row')})`,
  };
}

function derive({ adjust, buildFeatures, volatility }: Procedures, { series, events }: PriceHistory): Derived {
  const adjusted = adjust(series, events);
  const features = buildFeatures(adjusted);
  return { adjusted, features, volatility: volatility(features) };
}

function differenceUpTo(last: SessionDate, before: Derived, after: Derived, future: string): string | undefined {
  const { ticker, names, dates, X } = before.features;
  const changes = (what: string, date: string, from: unknown, to: unknown) =>
    `${what} of ${ticker} on ${date} changes from ${from} to ${to} when what comes after ${last} is ${future}`;

  const nBars = countUpTo(before.adjusted.dates, last);
  for (const column of ADJUSTED_COLUMNS) {
    const [from, to] = [before.adjusted[column], after.adjusted[column]];
    const bar = firstDifference(from, to, nBars);
    if (bar >= 0) return changes(column, before.adjusted.dates[bar]!, from[bar], to[bar]);
  }
  const nRows = countUpTo(dates, last);
  const moved = firstDifference(dates, after.features.dates, nRows);
  if (moved >= 0) return changes('the row of features', dates[moved]!, dates[moved], after.features.dates[moved]);
  const cell = firstDifference(X.values, after.features.X.values, nRows * X.nColumns);
  if (cell >= 0) {
    const date = dates[Math.floor(cell / X.nColumns)]!;
    return changes(names[cell % X.nColumns]!, date, X.values[cell], after.features.X.values[cell]);
  }
  const row = firstDifference(before.volatility, after.volatility, nRows);
  if (row >= 0) return changes('volatility', dates[row]!, before.volatility[row], after.volatility[row]);
  const price = firstDifference(before.features.adjustedClose, after.features.adjustedClose, nRows);
  if (price < 0) return undefined;
  const [from, to] = [before.features.adjustedClose[price], after.features.adjustedClose[price]];
  return changes('the price that labels start from', dates[price]!, from, to);
}

function differsAfter(row: number, before: FeatureMatrix, after: FeatureMatrix): boolean {
  const from = (row + 1) * before.X.nColumns;
  const cells = before.X.values.subarray(from);
  return firstDifference(cells, after.X.values.subarray(from), cells.length) >= 0;
}

function countUpTo(dates: readonly SessionDate[], last: SessionDate): number {
  const later = dates.findIndex((date) => date > last);
  return later < 0 ? dates.length : later;
}

function failed(detail: string): NamedLeakageCheck {
  return { name: NAME, passed: false, detail };
}
