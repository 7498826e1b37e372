import { holm } from '../evaluation/statistics/index.ts';

/** Whether one comparison may be called a win, and its p corrected for all the others. */
export interface Claim {
  readonly pAdjusted: number;
  readonly claimed: boolean;
}

/**
 * Which of the comparisons behind one decision may be called a win, when the run makes `familySize` such decisions
 * (tickers x horizons) and each sees only its own. `pValues` must hold every comparison made, also of models that were
 * refused: leaving out those that failed would be choosing the family by its result.
 *
 * The probability of even one false claim in the whole run is then at most `claimP`, however the comparisons depend on
 * each other. Within a decision Holm's procedure at level claimP / familySize makes a false claim with at most that
 * probability (p after Holm below claimP / familySize is the same as familySize x p below claimP), and the probability
 * that any of `familySize` decisions makes one is at most the sum over them (Bonferroni).
 *
 * It speaks of one run: who asks every day is told of a false win sooner or later.
 *
 * Source: Sture Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6
 * (1979).
 */
export function claims(pValues: readonly number[], familySize: number, claimP: number): Claim[] {
  return holm(pValues).map((pHolm) => {
    const pAdjusted = Math.min(1, pHolm * familySize);
    return { pAdjusted, claimed: pAdjusted < claimP };
  });
}
