/** A source of uniform random numbers that repeats itself for the same seed. */
export interface Random {
  /** A number in [0, 1), a multiple of 2^-32. */
  next(): number;
  /** A whole number in [0, n), for n from 1 to 2^32. */
  nextInt(n: number): number;
}

/**
 * A seeded generator: sfc32, 128 bits of state, whose four words are filled by splitmix32 from the seed, so that
 * neighbouring seeds give unrelated sequences. Not for secrets.
 *
 * Source: Chris Doty-Humphrey, "PractRand", generator sfc32 (shifts 9, 3 and rotation 21); Guy L. Steele Jr. et al.,
 * "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, for the seeding.
 *
 * @example
 * const random = seededRandom(7);
 * const die = 1 + random.nextInt(6);
 *
 * @param seed any finite number; its low 53 bits count, fractions do not
 */
export function seededRandom(seed: number): Random {
  const whole = Math.trunc(Math.abs(seed)) * 2 + (seed < 0 ? 1 : 0);
  let mix = (whole ^ Math.imul(Math.floor(whole / 0x1_0000_0000), 0x9e3779b1)) >>> 0;
  const nextMix = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let a = nextMix();
  let b = nextMix();
  let c = nextMix();
  let counter = 1;
  const nextWord = (): number => {
    const word = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + word) | 0;
    return word >>> 0;
  };
  // The first words still resemble the seed.
  for (let i = 0; i < 12; i++) nextWord();
  return {
    next: () => nextWord() / 0x1_0000_0000,
    nextInt: (n) => Math.floor((nextWord() / 0x1_0000_0000) * n),
  };
}
