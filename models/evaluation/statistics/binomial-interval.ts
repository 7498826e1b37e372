/** Standard normal quantile at 0.975. */
const Z = 1.959963984540054;

/**
 * Wilson's 95% interval of a probability from a share of `n` independent trials, which need not be a whole number.
 * Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (1927).
 *
 * @param share from 0 to 1
 * @param n trials, positive; overlapping forecasts count for n / horizon
 */
export function binomialInterval(share: number, n: number): readonly [number, number] {
  const z2n = (Z * Z) / n;
  const centre = (share + z2n / 2) / (1 + z2n);
  const half = (Z / (1 + z2n)) * Math.sqrt((share * (1 - share)) / n + z2n / (4 * n));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
