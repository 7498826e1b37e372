import type { Matrix } from '../../models/model.ts';
import { seededRandom } from '../../models/random.ts';

/** Rows with what is to be learnt from them. */
export interface Problem {
  readonly X: Matrix;
  readonly y: Float64Array;
}

/**
 * The problem Friedman #1: features uniform in [0, 1), of which only the first five matter,
 * `y = 10 sin(pi x0 x1) + 20 (x2 - 1/2)^2 + 10 x3 + 5 x4 + noise`, the noise standard normal.
 *
 * Source: Jerome H. Friedman, "Multivariate Adaptive Regression Splines", Annals of Statistics 19, 1991, section 4.3.
 */
export function friedman(nRows: number, nColumns: number, seed: number): Problem {
  const random = seededRandom(seed);
  const values = new Float64Array(nRows * nColumns).map(() => random.next());
  const y = new Float64Array(nRows).map((_, row) => {
    const [x0, x1, x2, x3, x4] = values.subarray(row * nColumns, row * nColumns + 5) as unknown as number[];
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    return 10 * Math.sin(Math.PI * x0! * x1!) + 20 * (x2! - 0.5) ** 2 + 10 * x3! + 5 * x4! + normal;
  });
  return { X: { nRows, nColumns, values }, y };
}
