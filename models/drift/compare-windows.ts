import type { WindowComparison } from '../../domain/drift.ts';
import { studentCdf } from '../evaluation/statistics/distributions.ts';
import { ReferenceColumn, type WindowDistance } from './window-distance.ts';

/** Sessions that a window must have before anything is said of it. */
export const LEAST_WINDOW = 20;
/** Sessions that a window has at most: a quarter of a year. */
export const LONGEST_WINDOW = 63;
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
 * - A column's distance is the largest of KS / its median, the same of the distances from the reference's median, and
 *   sqrt(PSI / its median), medians over those windows.
 * - The largest distance of all columns is taken for each of those windows; their logarithms are about normal. `p` of a
 *   column is the probability that a further one is as large as its own: Student's t for a prediction from a quarter as
 *   many values as windows lie side by side in the reference, since neighbours resemble each other. So it is corrected
 *   for the number of columns, whatever they have to do with each other.
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
  const largest = new Float64Array(starts.length);
  const compared = reference.map(({ name, values }, j) => {
    const column = new ReferenceColumn(values, m < MANY_SESSIONS ? FEW_BINS : MANY_BINS);
    const usual = starts.map((start) => column.distanceOfPart(values.subarray(start, start + m)));
    const usualPsi = median(usual.map(({ psi }) => psi)) || column.expectedPsi(m);
    const ofFew = Math.sqrt(1 / nReference + 1 / m);
    const usualKs = median(usual.map(({ ks }) => ks)) || ofFew;
    const usualSpreadKs = median(usual.map(({ spreadKs }) => spreadKs)) || ofFew;
    const ratio = ({ psi, ks, spreadKs }: WindowDistance) =>
      Math.max(ks / usualKs, spreadKs / usualSpreadKs, usualPsi === 0 ? 0 : Math.sqrt(Math.max(0, psi) / usualPsi));
    usual.forEach((distance, i) => (largest[i] = Math.max(largest[i]!, ratio(distance))));
    const distance = column.distance(window[j]!.values);
    return { name, ...distance, usualPsi, usualKs, usualSpreadKs, ratio: ratio(distance) };
  });
  const pOf = predictionOf(largest, Math.floor(nReference / m));
  const columns = compared.map(({ ratio, ...column }) => ({ ...column, p: pOf(ratio) }));
  return { nReference, nWindow: m, columns, p: Math.min(...columns.map(({ p }) => p)) };
}

/** Windows that begin within the length of one. */
const WINDOWS_PER_LENGTH = 4;
/** Windows side by side that count for one: neighbours resemble each other where volatility or a level lasts. */
const WINDOWS_PER_INDEPENDENT = 4;
/** Bins, by the length of the window: each should hold five of its values. */
const FEW_BINS = 5;
const MANY_BINS = 10;
const MANY_SESSIONS = 50;

/** Probability that a further value is at least as large, from values of which `nApart` don't overlap. */
function predictionOf(values: Float64Array, nApart: number): (value: number) => number {
  const nIndependent = nApart / WINDOWS_PER_INDEPENDENT;
  const logs = values.filter((value) => value > 0).map(Math.log);
  if (logs.length < 2) return (value) => (value > 0 ? 0 : 1);
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1);
  const deviation = Math.sqrt(variance * (1 + 1 / nIndependent));
  return (value) => {
    if (value <= 0) return 1;
    const share = values.filter((other) => other >= value).length / values.length;
    const ofRank = share === 0 ? 0 : (1 + nApart * share) / (nApart + 1);
    if (deviation === 0) return Math.log(value) > mean ? ofRank : 1;
    return Math.max(ofRank, studentCdf(-(Math.log(value) - mean) / deviation, nIndependent - 1));
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
