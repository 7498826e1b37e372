/**
 * p-values adjusted for how many there are, in their order: rejecting those below a level makes even one false rejection
 * with at most that probability, however the tests depend on each other.
 * Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure" (1979).
 */
export function holm(pValues: readonly number[]): number[] {
  const order = [...pValues.keys()].sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = pValues.map(() => 0);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[index]!));
    adjusted[index] = largest;
  });
  return adjusted;
}
