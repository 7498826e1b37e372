import { sessionAt } from '../../domain/calendar.ts';
import type { PriceSeries } from '../../domain/bar.ts';
import type { NamedLeakageCheck } from '../../domain/leakage.ts';
import { sessionOrdinals } from '../features/labels.ts';
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import { type Random, seededRandom } from '../random.ts';
import { count } from './in-words.ts';
import type { LeakageOptions, LeakageSubject, LearningRows } from './leakage-subject.ts';
import { keepBars, type PriceHistory } from './price-history.ts';

const NAME = 'session-gaps';

/** One gap for so many bars, at least one. */
const BARS_PER_GAP = 150;
const LONGEST_GAP = 3;
/** Labels may be computed in another order of operations than here. */
const ROUNDING = 1e-9;

type Procedures = Pick<
  LeakageSubject,
  'histories' | 'horizon' | 'lookback' | 'adjust' | 'buildFeatures' | 'learningRows'
>;

/** One history as rows must show it. */
interface Source {
  readonly features: FeatureMatrix;
  /** The row of features of a session that has a bar. */
  readonly rowOf: ReadonlyMap<number, number>;
  readonly closeOf: ReadonlyMap<number, number>;
}

/**
 * Takes sessions out of the histories, at random, and looks at every row learnt from, of the whole histories and of those
 * with gaps: its features must be, bit for bit, those of as many consecutive sessions of the exchange as the kind looks
 * back, its label the log total return between the bars that many sessions apart, all of one history. A row that misses
 * one of those sessions must not be there.
 */
export function checkSessionGaps(subject: Procedures, { seed, signal }: LeakageOptions): NamedLeakageCheck {
  const { histories, lookback, horizon } = subject;
  const random = seededRandom(seed);
  signal?.throwIfAborted();
  const whole = checkRows(subject, histories);
  if (whole.nRows === 0) return { name: NAME, passed: false, detail: 'there are no rows to check' };
  signal?.throwIfAborted();
  const gapped = histories.map(({ series, events }) => ({ series: withGaps(series, random), events }));
  const left = checkRows(subject, gapped);
  const nTaken = countBars(histories) - countBars(gapped);
  const fault = whole.fault ?? (left.fault && `${left.fault}, with ${count(nTaken, 'session')} taken out`);
  const detail =
    fault ??
    `each row (${count(whole.nRows, 'row')}, and ${left.nRows} with ${count(nTaken, 'session')} taken out) rests on ` +
      `${count(lookback, 'consecutive session')} and has its label from exactly ${count(horizon, 'session')} later`;
  return { name: NAME, passed: fault === undefined, detail };
}

function withGaps(series: PriceSeries, random: Random): PriceSeries {
  const nBars = series.dates.length;
  const missing = new Set<number>();
  for (let gap = 0; gap < Math.max(1, Math.floor(nBars / BARS_PER_GAP)); gap++) {
    const from = random.nextInt(nBars);
    const length = 1 + random.nextInt(LONGEST_GAP);
    for (let bar = from; bar < from + length; bar++) missing.add(bar);
  }
  return keepBars(series, (bar) => !missing.has(bar));
}

function countBars(histories: readonly PriceHistory[]): number {
  return histories.reduce((sum, { series }) => sum + series.dates.length, 0);
}

function checkRows(subject: Procedures, histories: readonly PriceHistory[]): { nRows: number; fault?: string } {
  const sources = histories.map((history) => sourceOf(subject, history));
  const rows = subject.learningRows(sources.map(({ features }) => features));
  const nRows = rows.ordinals.length;
  for (let row = 0; row < nRows; row++) {
    let fault: string | undefined;
    // A pooled row doesn't say whose it is: it must be right for one of them.
    for (const source of sources) {
      const found = faultOf(rows, row, source, subject);
      if (found === undefined) {
        fault = undefined;
        break;
      }
      fault ??= found;
    }
    if (fault !== undefined) return { nRows, fault };
  }
  return { nRows };
}

function sourceOf({ adjust, buildFeatures }: Procedures, { series, events }: PriceHistory): Source {
  const adjusted = adjust(series, events);
  const features = buildFeatures(adjusted);
  const closeOf = new Map(
    Array.from(sessionOrdinals(series.dates), (ordinal, bar) => [ordinal, adjusted.adjustedClose[bar]!]),
  );
  const rowOf = new Map<number, number>();
  for (const [row, ordinal] of sessionOrdinals(features.dates).entries())
    if (closeOf.has(ordinal)) rowOf.set(ordinal, row);
  return { features, rowOf, closeOf };
}

function faultOf(rows: LearningRows, row: number, source: Source, subject: Procedures): string | undefined {
  const { lookback, horizon } = subject;
  const { X } = source.features;
  const origin = rows.ordinals[row]!;
  const named = () => `the row of ${sessionAt(origin)}`;
  if (rows.X.nColumns !== lookback * X.nColumns) {
    return `rows have ${rows.X.nColumns} columns, where ${count(lookback, 'session')} should have ${lookback * X.nColumns}`;
  }
  // Newest first, so that a session that isn't in the calendar is never asked for.
  for (let back = 0; back < lookback; back++) {
    const featureRow = source.rowOf.get(origin - back);
    if (featureRow === undefined) return `${named()} looks back on ${sessionAt(origin - back)}, which has no features`;
    const claimed = row * rows.X.nColumns + (lookback - 1 - back) * X.nColumns;
    for (let column = 0; column < X.nColumns; column++) {
      if (Object.is(rows.X.values[claimed + column], X.values[featureRow * X.nColumns + column])) continue;
      return `${named()} has another ${source.features.names[column]} than ${sessionAt(origin - back)} itself`;
    }
  }
  const [from, to] = [source.closeOf.get(origin)!, source.closeOf.get(origin + horizon)];
  if (to === undefined) return `${named()} has a label, but ${count(horizon, 'session')} later there is no bar`;
  const label = Math.log(to / from);
  if (Math.abs(rows.y[row]! - label) <= ROUNDING) return undefined;
  return `${named()} has the label ${rows.y[row]}, where the log return over ${count(horizon, 'session')} is ${label}`;
}
