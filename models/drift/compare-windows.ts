import type { WindowComparison } from '../../domain/drift.ts';
import { studentCdf } from '../evaluation/statistics/distributions.ts';
import { ReferenceColumn, type WindowDistance } from './window-distance.ts';

/** Sessions that a window must have before anything is said of it. */
export const LEAST_WINDOW = 20;
/** Sessions that a window has at most: a quarter of a year. */
const LONGEST_WINDOW = 63;
/** Windows side by side that a reference must hold, so that it is known how much they differ without drift. */
export const LEAST_WINDOWS = 20;

/** A column of values by session, oldest first. */
export interface NamedColumn {
  readonly name: string;
  readonly values: Float64Array;
}

/**
 * How many of `available` new sessions are compared with a reference of `nReference`: the newest, at most 63 and as many
 * as leave 20 such windows in the reference. Below `LEAST_WINDOW` nothing can be said.
 */
export function windowLength(nReference: number, available: number): number {
  return Math.min(available, LONGEST_WINDOW, Math.floor(nReference / LEAST_WINDOWS));
}

/**
 * Compares a window of the newest sessions with a reference that came before it, column by column: not with what
 * independent values would do, since prices' features are anything but that, but with how far windows of the same length
 * in the reference lie from the rest of it.
 *
 * - A column's score is the largest of how far KS, the same of distances from the reference's median, and sqrt(PSI) lie
 *   above their means over those windows, in their standard deviations; for a window of the reference, over those that
 *   it shares nothing with.
 * - The largest score of all columns is taken for each of those windows. `p` of a column is the probability that a
 *   further one is as large as its own: Student's t for a prediction from a third as many values as windows lie side
 *   by side in the reference, since neighbours resemble each other. So it is corrected for the number of columns,
 *   whatever they have to do with each other.
 * - Where windows of the reference lie as far away or further, `p` is at least their share: what the reference has seen
 *   itself is no drift.
 *
 * Source: Politis, Romano and Wolf, "Subsampling" (1999), for windows of the series itself; Westfall and Young,
 * "Resampling-Based Multiple Testing" (1993), for the largest statistic.
 *
 * @param reference columns of at least `LEAST_WINDOWS` times the window, equally long
 * @param window the same columns of at least one session
 */
export function compareWindows(reference: readonly NamedColumn[], window: readonly NamedColumn[]): WindowComparison {
  const nReference = reference[0]!.values.length;
  const m = window[0]!.values.length;
  const stride = Math.max(1, Math.floor(m / WINDOWS_PER_LENGTH));
  const starts: number[] = [];
  for (let start = 0; start + m <= nReference; start += stride) starts.push(start);
  const largest = new Float64Array(starts.length).fill(Number.NEGATIVE_INFINITY);
  const compared = reference.map(({ name, values }, j) => {
    const column = new ReferenceColumn(values, m < MANY_SESSIONS ? FEW_BINS : MANY_BINS);
    const usual = starts.map((start) => column.distanceOfPart(values.subarray(start, start + m)));
    const apart = Math.ceil(m / stride);
    for (const of of STATISTICS) {
      const values = usual.map(of);
      values.forEach((value, i) => {
        // Judged by windows that it shares nothing with, as the newest one is.
        const others = momentsOf(values, i - apart + 1, i + apart);
        largest[i] = Math.max(largest[i]!, scoreBy(others, value));
      });
    }
    const distance = column.distance(window[j]!.values);
    const score = Math.max(...STATISTICS.map((of) => scoreBy(momentsOf(usual.map(of)), of(distance))));
    const [usualPsi, usualKs, usualSpreadKs] = [
      median(usual.map(({ psi }) => psi)),
      median(usual.map(({ ks }) => ks)),
      median(usual.map(({ spreadKs }) => spreadKs)),
    ];
    return { name, ...distance, usualPsi, usualKs, usualSpreadKs, score };
  });
  const pOf = predictionOf(largest, Math.floor(nReference / m));
  const columns = compared.map(({ score, ...column }) => ({ ...column, p: pOf(score) }));
  return { nReference, nWindow: m, columns, p: Math.min(...columns.map(({ p }) => p)) };
}

/** Windows that begin within the length of one. */
const WINDOWS_PER_LENGTH = 4;
/** Windows side by side that count for one: neighbours resemble each other where volatility or a level lasts. */
const WINDOWS_PER_INDEPENDENT = 3;
/** Bins, by the length of the window: each should hold five of its values. */
const FEW_BINS = 5;
const MANY_BINS = 10;
const MANY_SESSIONS = 50;

/** What of a distance is judged; the root of the index grows as the others do. */
const STATISTICS: readonly ((distance: WindowDistance) => number)[] = [
  ({ psi }) => Math.sqrt(psi),
  ({ ks }) => ks,
  ({ spreadKs }) => spreadKs,
];

interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

/** By how many standard deviations of values a further one lies above their mean. */
function scoreBy({ mean, deviation }: Moments, further: number): number {
  if (deviation > NO_DEVIATION) return Math.min(LARGEST_SCORE, (further - mean) / deviation);
  return further > mean + NO_DEVIATION ? LARGEST_SCORE : 0;
}

/** Of what never varied and now does. */
const LARGEST_SCORE = 1000;
/** What a computed deviation of equal values may come to. */
const NO_DEVIATION = 1e-12;

/** Probability that a further value is at least as large, from values of which `nApart` don't overlap. */
function predictionOf(values: Float64Array, nApart: number): (value: number) => number {
  const nIndependent = nApart / WINDOWS_PER_INDEPENDENT;
  const { mean, deviation } = momentsOf(values);
  const spread = Math.max(NO_DEVIATION, deviation) * Math.sqrt(1 + 1 / nIndependent);
  return (value) => {
    const share = values.filter((other) => other >= value).length / values.length;
    const ofRank = share === 0 ? 0 : (1 + nApart * share) / (nApart + 1);
    return Math.max(ofRank, studentCdf((mean - value) / spread, nIndependent - 1));
  };
}

/** Of all values but those from `leftOutFrom` to before `leftOutTo`. */
function momentsOf(values: ArrayLike<number>, leftOutFrom = 0, leftOutTo = 0): Moments {
  const [before, after] = [Math.max(0, leftOutFrom), Math.min(values.length, Math.max(0, leftOutTo))];
  const n = values.length - (after - before);
  let sum = 0;
  for (let i = 0; i < before; i++) sum += values[i]!;
  for (let i = after; i < values.length; i++) sum += values[i]!;
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < before; i++) squares += (values[i]! - mean) ** 2;
  for (let i = after; i < values.length; i++) squares += (values[i]! - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / Math.max(1, n - 1)) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
