/**
 * Solves A x = b for a symmetric positive definite A `[n, n]`, row-major, of which the lower triangle is read. Neither
 * is changed.
 * Source: Golub and Van Loan, Matrix Computations (4th ed.), section 4.2.
 * @throws RangeError when A is not positive definite
 */
export function choleskySolve(A: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  const L = A.slice();
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = L[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= L[i * n + k]! * L[j * n + k]!;
      if (i > j) {
        L[i * n + j] = sum / L[j * n + j]!;
      } else {
        if (!(sum > 0)) throw new RangeError(`the matrix is not positive definite: pivot ${j} is ${sum}`);
        L[j * n + j] = Math.sqrt(sum);
      }
    }
  }
  const x = b.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] = x[i]! - L[i * n + k]! * x[k]!;
    x[i] = x[i]! / L[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] = x[i]! - L[k * n + i]! * x[k]!;
    x[i] = x[i]! / L[i * n + i]!;
  }
  return x;
}
