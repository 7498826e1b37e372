// The generator of models/random.ts: sfc32, seeded by splitmix32.

let a: u32 = 0;
let b: u32 = 0;
let c: u32 = 0;
let counter: u32 = 0;
let mix: u32 = 0;

/** Starts the same sequence as `seededRandom(seed)`. */
export function startRandom(seed: u32): void {
  mix = (seed << 1) ^ ((seed >> 31) * 0x9e3779b1);
  a = nextMix();
  b = nextMix();
  c = nextMix();
  counter = 1;
  // The first words still resemble the seed.
  for (let i = 0; i < 12; i++) nextWord();
}

/** A whole number in [0, n). */
export function nextInt(n: i32): i32 {
  return <i32>((<u64>nextWord() * <u64>n) >> 32);
}

function nextMix(): u32 {
  mix += 0x9e3779b9;
  let z = mix;
  z = (z ^ (z >> 16)) * 0x21f0aaad;
  z = (z ^ (z >> 15)) * 0x735a2d97;
  return z ^ (z >> 15);
}

// @ts-ignore: decorator
@inline
function nextWord(): u32 {
  const word = a + b + counter++;
  a = b ^ (b >> 9);
  b = c + (c << 3);
  c = rotl(c, 21) + word;
  return word;
}
