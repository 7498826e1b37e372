import type { SessionDate } from '../../domain/bar.ts';
import { sessionOrdinal } from '../../domain/calendar.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { FeatureMatrix } from './feature-matrix.ts';

/** The exchange's count of each session, ascending: where two differ by h, they lie h sessions apart. */
export function sessionOrdinals(dates: readonly SessionDate[]): Int32Array {
  return Int32Array.from(dates, sessionOrdinal);
}

/**
 * The target of each row: the log total return from its session to the one `horizon` exchange sessions later. NaN where
 * that session has no bar, be it in the future or missing from the history. The label at t looks ahead to t + horizon.
 */
export function labels(features: FeatureMatrix, horizon: Horizon): Float64Array {
  const { adjustedClose } = features;
  const ordinals = sessionOrdinals(features.dates);
  const y = new Float64Array(ordinals.length).fill(Number.NaN);
  let later = 0;
  for (let t = 0; t < ordinals.length; t++) {
    const target = ordinals[t]! + horizon;
    while (later < ordinals.length && ordinals[later]! < target) later++;
    if (ordinals[later] === target) y[t] = Math.log(adjustedClose[later]! / adjustedClose[t]!);
  }
  return y;
}
