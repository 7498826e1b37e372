/** The shortest training window that may be asked for, in sessions; fewer teach no model anything. */
export const LEAST_WINDOW = 60;

/** The largest seed of everything random; 0 is the least. */
export const LARGEST_SEED = 2 ** 31 - 1;

/** The seed of everything random where nobody names one. */
export const DEFAULT_SEED = 20_130_301;

/** The longest embargo that may be asked for, in sessions: a year; more would leave short histories nothing to learn from. */
export const MOST_EMBARGO = 252;

/** Shortest time between two checkpoints of a training, in milliseconds, unless set otherwise. */
export const CHECKPOINT_EVERY_MS = 5000;

/** After so many deaths in a row of the process that computes it, without a checkpoint between, a step is given up. */
export const MAX_CRASHES = 5;

/** How many settings a search for parameters may try; one would be the defaults alone. */
export const LEAST_TRIALS = 2;
export const MOST_TRIALS = 200;

/** The longest time cap of a search for parameters, in seconds: a day. */
export const MOST_SEARCH_SECONDS = 86_400;
