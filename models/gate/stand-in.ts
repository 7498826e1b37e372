// To be replaced by models/evaluation/statistics/ (diebold-mariano.ts, holm.ts) as soon as that exists.
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!);
  const out = new Array<number>(pValues.length);
  let run = 0;
  order.forEach((i, rank) => {
    run = Math.max(run, Math.min(1, (pValues.length - rank) * pValues[i]!));
    out[i] = run;
  });
  return out;
}
export function dieboldMariano(d: Float64Array, h: number) {
  const n = d.length;
  let m = 0;
  for (const v of d) m += v / n;
  let s = 0;
  for (let k = 0; k < h; k++) {
    let g = 0;
    for (let i = k; i < n; i++) g += (d[i]! - m) * (d[i - k]! - m);
    s += (k === 0 ? 1 : 2 * (1 - k / h)) * (g / n);
  }
  const statistic = (m / Math.sqrt(s / n)) * Math.sqrt((n + 1 - 2 * h + (h * (h - 1)) / n) / n);
  const pBetter = normalCdf(statistic);
  return { statistic, pTwoSided: 2 * Math.min(pBetter, 1 - pBetter), pBetter, pWorse: 1 - pBetter, nObservations: n };
}
function normalCdf(x: number): number {
  if (!Number.isFinite(x)) return x > 0 ? 1 : 0;
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x > 0 ? 1 - tail : tail;
}
