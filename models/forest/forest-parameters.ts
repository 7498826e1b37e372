import type { Json } from '../../domain/identity.ts';
import { completeParameters, type ParameterRule } from '../model-input.ts';
import type { SearchSpace } from '../search/search-space.ts';

/** A bin's number fits into a byte. */
const MAX_BINS = 256;

/** How a random forest is grown. */
export type ForestParameters = {
  /** Trees in the forest, 1 to 10,000. */
  readonly nTrees: number;
  /** Most splits from root to leaf, at least 1; `null` sets no limit. */
  readonly maxDepth: number | null;
  /** Fewest distinct training rows in a leaf, at least 1 (rows drawn twice by the bootstrap count once). */
  readonly minSamplesLeaf: number;
  /** Share of the features looked at in each split, in (0, 1]: the whole part of share x features, at least one. */
  readonly maxFeatures: number;
  /** Whether each tree sees as many rows as there are, drawn with replacement; otherwise all see all rows. */
  readonly bootstrap: boolean;
  /** Most bins that a feature is quantised to, 2 to 256. */
  readonly maxBins: number;
};

export const FOREST_DEFAULTS: ForestParameters = {
  nTrees: 100,
  maxDepth: 3,
  minSamplesLeaf: 5,
  maxFeatures: 1 / 3,
  bootstrap: true,
  maxBins: MAX_BINS,
};

/** Where a search looks: how finely the trees tell rows apart, and how alike they are; more trees only cost more. */
export const FOREST_SPACE: SearchSpace = {
  maxDepth: { from: 1, to: 8, scale: 'linear', whole: true },
  minSamplesLeaf: { from: 2, to: 60, scale: 'log', whole: true },
  maxFeatures: { from: 0.1, to: 1, scale: 'linear' },
};

const wholeNumber = (from: number, to: number): ParameterRule => ({
  expected: `a whole number from ${from} to ${to}`,
  holds: (value) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to,
});

const LARGEST_DEPTH = 1000;
const depth = wholeNumber(1, LARGEST_DEPTH);

const RULES: { readonly [name in keyof ForestParameters]: ParameterRule } = {
  nTrees: wholeNumber(1, 10_000),
  maxDepth: { expected: `${depth.expected}, or null`, holds: (value) => value === null || depth.holds(value) },
  minSamplesLeaf: wholeNumber(1, 1_000_000),
  maxFeatures: {
    expected: 'a number above 0 and at most 1',
    holds: (value) => typeof value === 'number' && value > 0 && value <= 1,
  },
  bootstrap: { expected: 'true or false', holds: (value) => typeof value === 'boolean' },
  maxBins: wholeNumber(2, MAX_BINS),
};

/**
 * Completes parameters that differ from the defaults.
 * @throws StockcastError PARAMETER_INVALID naming the parameter, its value and what is possible
 */
export function forestParameters(overrides: Json): ForestParameters {
  return completeParameters('random-forest', FOREST_DEFAULTS, RULES, overrides);
}
