/**
 * The distributions that the tests here need. Written out, and checked against SciPy, because the libraries that have
 * them bring two hundred packages for these two functions.
 */

/** Probability that a standard normal variable is at most `x`. */
export function normalCdf(x: number): number {
  // P(1/2, x^2/2) is the probability of |Z| <= |x|; its complement keeps the digits of small tails.
  const tail = upperGammaHalf((x * x) / 2) / 2;
  return x > 0 ? 1 - tail : tail;
}

/** Probability that a variable of Student's t distribution is at most `t`. @param degrees of freedom, positive */
export function studentCdf(t: number, degrees: number): number {
  const tail = incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2;
  return t > 0 ? 1 - tail : tail;
}

const EPSILON = 1e-16;
/** Keeps a continued fraction from dividing by zero. */
const TINY = 1e-300;
const MAX_STEPS = 500;

/**
 * The regularised incomplete beta function I_x(a, b), by its continued fraction.
 * Source: NIST Digital Library of Mathematical Functions, 8.17.22, evaluated by the method of Lentz.
 */
function incompleteBeta(x: number, a: number, b: number): number {
  // The fraction converges fast below this point; above, the function's mirror image is below it.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= MAX_STEPS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    fraction *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    fraction *= c * d;
    if (Math.abs(c * d - 1) < EPSILON) break;
  }
  return front * fraction;
}

/** The regularised upper incomplete gamma function Q(1/2, x): complementary error function of sqrt(x). */
function upperGammaHalf(x: number): number {
  const front = Math.exp(-x) * Math.sqrt(x / Math.PI);
  if (x < 1.5) {
    // NIST DLMF 8.11.4: the lower function as a series.
    let term = 2;
    let sum = 2;
    for (let n = 1; n <= MAX_STEPS && term > sum * EPSILON; n++) {
      term *= x / (n + 0.5);
      sum += term;
    }
    return 1 - front * sum;
  }
  // NIST DLMF 8.9.2, by the method of Lentz.
  let b = x + 0.5;
  let c = 1 / TINY;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n <= MAX_STEPS; n++) {
    const a = -n * (n - 0.5);
    b += 2;
    d = 1 / nonZero(a * d + b);
    c = nonZero(b + a / c);
    fraction *= c * d;
    if (Math.abs(c * d - 1) < EPSILON) break;
  }
  return front * fraction;
}

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];

/** log Gamma(x) for x > 0: Stirling's series from 15 on, and the recurrence below. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 15; z++) shift += Math.log(z);
  let series = 0;
  let power = 1 / z;
  for (const coefficient of STIRLING) {
    series += coefficient * power;
    power /= z * z;
  }
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - shift;
}
