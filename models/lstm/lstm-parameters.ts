import type { Json } from '../../domain/identity.ts';
import { completeParameters, type ParameterRule } from '../model-input.ts';
import type { SearchSpace } from '../search/search-space.ts';

/** How an LSTM is built and trained. */
export type LstmParameters = {
  /** Consecutive sessions that it reads, the forecast's own last; 1 to 250. */
  readonly lookback: number;
  /** Width of the recurrent layer, a multiple of 8 from 8 to 512 (whole vectors for the kernel). */
  readonly units: number;
  /** Most passes over the training rows, 1 to 10,000. */
  readonly epochs: number;
  /** Ends training after so many epochs without a lower loss on the validation rows, 1 to 10,000. */
  readonly patience: number;
  /** Rows per step of the optimiser, 1 to 100,000. */
  readonly batchSize: number;
  /** Adam's step size, from 1e-6 to 1. */
  readonly learningRate: number;
  /** Share of the rows, the newest, that are not trained on and say when to stop; 0 (none) to 0.5. */
  readonly validationShare: number;
  /**
   * Rows left out between those trained on and those validated on, 0 to 1,000,000; more where the fit is told that more
   * labels overlap (`FitOptions.overlap`).
   */
  readonly purge: number;
};

export const LSTM_DEFAULTS: LstmParameters = {
  lookback: 20,
  units: 8,
  epochs: 30,
  patience: 5,
  batchSize: 64,
  learningRate: 0.0005,
  validationShare: 0.2,
  purge: 20,
};

/** Where a search looks. Not at `lookback`: other sequences would be judged on other sessions. */
export const LSTM_SPACE: SearchSpace = {
  units: { values: [8, 16, 32] },
  learningRate: { from: 1e-4, to: 3e-3, scale: 'log' },
  epochs: { from: 10, to: 60, scale: 'log', whole: true },
};

const wholeNumber = (from: number, to: number): ParameterRule => ({
  expected: `a whole number from ${from} to ${to}`,
  holds: (value) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to,
});

const within = (from: number, to: number): ParameterRule => ({
  expected: `a number from ${from} to ${to}`,
  holds: (value) => typeof value === 'number' && value >= from && value <= to,
});

const upTo512 = wholeNumber(8, 512);

const RULES: { readonly [name in keyof LstmParameters]: ParameterRule } = {
  lookback: wholeNumber(1, 250),
  units: {
    expected: 'a multiple of 8 from 8 to 512',
    holds: (value) => upTo512.holds(value) && (value as number) % 8 === 0,
  },
  epochs: wholeNumber(1, 10_000),
  patience: wholeNumber(1, 10_000),
  batchSize: wholeNumber(1, 100_000),
  learningRate: within(1e-6, 1),
  validationShare: within(0, 0.5),
  purge: wholeNumber(0, 1_000_000),
};

/**
 * Completes parameters that differ from the defaults.
 * @throws StockcastError PARAMETER_INVALID naming the parameter, its value and what is possible
 */
export function lstmParameters(overrides: Json): LstmParameters {
  return completeParameters('lstm', LSTM_DEFAULTS, RULES, overrides);
}
