/**
 * The two-sided p of `hits` heads in `n` tosses of a fair coin: the probability of a number of heads that lies as far
 * from half of them, or farther. Exact but for rounding; 1 for no toss.
 */
export function fairCoinP(hits: number, n: number): number {
  const far = Math.max(hits, n - hits);
  // The logarithm, since 2^-n is no number from n = 1075 on.
  let logProbability = n * Math.log(0.5);
  let tail = 0;
  for (let heads = 0; heads <= n; heads++) {
    if (heads >= far) tail += Math.exp(logProbability);
    logProbability += Math.log((n - heads) / (heads + 1));
  }
  return Math.min(1, 2 * tail);
}
