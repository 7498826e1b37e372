/**
 * A price as it was traded, from one that came through single precision and back through splits: seven digits, at most
 * four of them behind the point. Larger stays larger or equal.
 */
export function tradedNumber(price: number): number {
  return Number(Number(price.toPrecision(7)).toFixed(4));
}
