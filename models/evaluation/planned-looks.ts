import type { SessionDate } from '../../domain/bar.ts';
import { sessionOrdinal } from '../../domain/calendar.ts';
import type { Horizon } from '../../domain/horizon.ts';

/** A look at a growing record, planned before it began. */
export interface PlannedLook {
  /** After so many observations. */
  readonly n: number;
  /** What p must stay below. */
  readonly level: number;
}

/** Looks without end, each after twice as many as the one before: the k-th at `level` / (k (k + 1)), in all `level`. */
export function* doublingLooks(first: number, level: number): Generator<PlannedLook> {
  for (let [k, n] = [1, first]; ; k++, n *= 2) yield { n, level: level / (k * (k + 1)) };
}

/**
 * Looks at given counts, each of which spends of `alpha` the share of all observations that are new at it, so that the
 * later ones, which see most, are tested at the highest level. By Bonferroni their error is `alpha` at most.
 *
 * @param counts ascending
 */
export function looksAt(counts: readonly number[], alpha: number): PlannedLook[] {
  const last = counts.at(-1) ?? 0;
  return counts.map((n, i) => ({ n, level: (alpha * (n - (counts[i - 1] ?? 0))) / last }));
}

/**
 * What is left when those that overlap one that counts are left out, in the order given: on few errors that overlap,
 * weights of autocovariances find differences that are not there (see `dieboldMariano`).
 */
export function withoutOverlap<T extends { readonly originSession: SessionDate }>(
  records: readonly T[],
  horizon: Horizon,
): T[] {
  const taken = new Set<number>();
  return records.filter(({ originSession }) => {
    const origin = sessionOrdinal(originSession);
    for (let near = origin - horizon + 1; near < origin + horizon; near++) if (taken.has(near)) return false;
    taken.add(origin);
    return true;
  });
}
