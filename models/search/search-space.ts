import type { Json } from '../../domain/identity.ts';
import { seededRandom } from '../random.ts';

/** Where a search looks for one parameter: between two bounds, both included, or among values in a meaningful order. */
export type ParameterRange =
  | {
      readonly from: number;
      readonly to: number;
      /** With `log`, equal ratios are equally likely instead of equal differences; `from` is then positive. */
      readonly scale: 'linear' | 'log';
      /** Whether only whole numbers are possible. */
      readonly whole?: boolean;
    }
  | { readonly values: readonly [Json, ...Json[]] };

/** The parameters of a kind that are worth searching, each with its range; at most 8. */
export type SearchSpace = { readonly [parameter: string]: ParameterRange };

/** One base per parameter: the points of two bases without a common factor fill their plane evenly. */
const BASES = [2, 3, 5, 7, 11, 13, 17, 19];

/** More digits than these make no other model, and fewer are easier to read; they also hide how `exp` was rounded. */
const DIGITS = 3;

/**
 * The parameters that a trial of a search sets; those of trial 0 are none, so that the defaults are always among what is
 * tried. Each depends on nothing but its arguments: trials can run in any order, be repeated, and be added to later.
 *
 * The settings are the points of a Halton sequence, which fill the space more evenly than random ones do, moved by a
 * seeded offset. Source: Halton, "On the efficiency of certain quasi-random sequences of points", Numerische Mathematik 2
 * (1960), with the shift of Cranley and Patterson, SIAM Journal on Numerical Analysis 13 (1976).
 *
 * @param trial from 0
 */
export function settingOf(space: SearchSpace, seed: number, trial: number): { readonly [parameter: string]: Json } {
  if (trial === 0) return {};
  const random = seededRandom(seed);
  return Object.fromEntries(
    Object.entries(space).map(([parameter, range], i) => {
      const position = (radicalInverse(trial, BASES[i]!) + random.next()) % 1;
      return [parameter, valueAt(range, position)];
    }),
  );
}

/** The part of a space that is left to search when some parameters are given. */
export function freeSpace(space: SearchSpace, given: Json): SearchSpace {
  const fixed = new Set(Object.keys(given ?? {}));
  return Object.fromEntries(Object.entries(space).filter(([parameter]) => !fixed.has(parameter)));
}

/** The digits of `n` in a base, mirrored at the point: 6 is 110 in base 2 and becomes 0.011, which is 3/8. */
function radicalInverse(n: number, base: number): number {
  let mirrored = 0;
  let unit = 1;
  for (let rest = n; rest > 0; rest = Math.floor(rest / base)) {
    unit /= base;
    mirrored += (rest % base) * unit;
  }
  return mirrored;
}

/** The value at a position in [0, 1) of a range. */
function valueAt(range: ParameterRange, position: number): Json {
  if ('values' in range) return range.values[Math.floor(position * range.values.length)]!;
  const { from, to, scale, whole = false } = range;
  // Every whole number owns an equal share, those at the ends included.
  const [low, high] = whole ? [from, to + 1] : [from, to];
  const value = scale === 'log' ? low * Math.exp(position * Math.log(high / low)) : low + position * (high - low);
  const rounded = whole ? Math.floor(value) : Number(value.toPrecision(DIGITS));
  return Math.min(to, Math.max(from, rounded));
}
