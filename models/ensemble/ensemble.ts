import type { RawForecasts } from '../evaluation/raw-forecasts.ts';
import { completeParameters } from '../model-input.ts';
import type { Json } from '../../domain/identity.ts';

/** How members' forecasts are put together. */
export type EnsembleParameters = {
  /** Weights of the members, in their order, until their accuracy is known; positive, they sum to 1. */
  readonly weights: readonly number[];
  /** Whether members are weighted by their accuracy once there are forecasts enough to tell. */
  readonly byAccuracy: boolean;
};

const DEFAULTS: EnsembleParameters = { weights: [0.4, 0.6], byAccuracy: true };

/** Independent forecasts per member, about a quarter's, from which on accuracy decides the weights. */
const ENOUGH_FORECASTS = 63;

/** The ensemble's parameters, complete. @throws StockcastError PARAMETER_INVALID */
export function ensembleParameters(name: string, overrides: Json): EnsembleParameters {
  return completeParameters<EnsembleParameters>(
    name,
    DEFAULTS,
    {
      weights: { expected: 'two positive numbers that sum to 1', holds: isWeights },
      byAccuracy: { expected: 'true or false', holds: (value) => typeof value === 'boolean' },
    },
    overrides,
  );
}

/**
 * Combines members' walk-forward forecasts of one ticker on the days that all of them have:
 *
 *     raw = sum(w_i raw_i),   w_i proportional to 1 / MSE_i
 *
 * with MSE_i the member's mean squared error, in volatilities, over its forecasts that had matured by then; the default
 * weights until there are about a quarter's worth of independent ones. The weights at t use outcomes known at the close
 * of t. Source: Bates and Granger, "The Combination of Forecasts" (1969), without the covariance.
 *
 * @returns the combination as a series, and the weights for forecasts made when all of these have matured
 */
export function combineForecasts(
  members: readonly RawForecasts[],
  horizon: number,
  parameters: EnsembleParameters,
): { readonly forecasts: RawForecasts; readonly weights: readonly number[] } {
  const [first] = members as [RawForecasts];
  const rowsOf = members.map(({ ordinals }) => new Map(Array.from(ordinals, (ordinal, row) => [ordinal, row])));
  const common = [...first.ordinals.keys()].filter((row) => rowsOf.every((rows) => rows.has(first.ordinals[row]!)));
  const raws = members.map(({ raw }, i) => common.map((row) => raw[rowsOf[i]!.get(first.ordinals[row]!)!]!));

  const squares = members.map(() => 0);
  let matured = 0;
  const mature = () => {
    const row = common[matured]!;
    raws.forEach((of, i) => (squares[i]! += ((first.y[row]! - of[matured]!) / first.volatility[row]!) ** 2));
    matured++;
  };
  const weightsNow = () => weightsFrom(squares, matured / horizon, parameters);
  const raw = common.map((row, at) => {
    while (first.ordinals[common[matured]!]! + horizon <= first.ordinals[row]!) mature();
    return weighted(
      weightsNow(),
      raws.map((of) => of[at]!),
    );
  });
  while (matured < common.length) mature();
  const take = (values: Float64Array) => Float64Array.from(common, (row) => values[row]!);
  const forecasts = {
    ...first,
    dates: common.map((row) => first.dates[row]!),
    ordinals: Int32Array.from(common, (row) => first.ordinals[row]!),
    y: take(first.y),
    raw: Float64Array.from(raw),
    drift: take(first.drift),
    volatility: take(first.volatility),
  };
  return { forecasts, weights: weightsNow() };
}

/** The weighted sum of members' forecasts. */
export function weighted(weights: readonly number[], forecasts: readonly number[]): number {
  return forecasts.reduce((sum, forecast, i) => sum + weights[i]! * forecast, 0);
}

function weightsFrom(
  squares: readonly number[],
  nIndependent: number,
  parameters: EnsembleParameters,
): readonly number[] {
  const { weights, byAccuracy } = parameters;
  if (!byAccuracy || nIndependent < ENOUGH_FORECASTS || squares.some((sum) => sum === 0)) return weights;
  const total = squares.reduce((sum, each) => sum + 1 / each, 0);
  return squares.map((each) => 1 / each / total);
}

function isWeights(value: Json): boolean {
  if (!Array.isArray(value) || value.length !== DEFAULTS.weights.length) return false;
  if (!value.every((weight) => typeof weight === 'number' && weight > 0)) return false;
  return Math.abs((value as number[]).reduce((sum, weight) => sum + weight, 0) - 1) < 1e-9;
}
