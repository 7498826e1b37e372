import { StockcastError } from '../domain/errors.ts';
import type { Json } from '../domain/identity.ts';
import type { Matrix } from './model.ts';

/**
 * Checks what a model is to learn from: at least one row, a label for each, every number finite.
 * @throws StockcastError MODEL_INPUT_INVALID naming the first thing wrong
 */
export function checkTrainingRows(kind: string, X: Matrix, y: Float64Array): void {
  if (X.nRows === 0) throw invalid(kind, 'there are no rows to learn from');
  if (y.length !== X.nRows) throw invalid(kind, `${X.nRows} rows of features have ${y.length} labels`);
  const cell = X.values.findIndex((value) => !Number.isFinite(value));
  if (cell >= 0) {
    const [row, column] = [Math.floor(cell / X.nColumns), cell % X.nColumns];
    throw invalid(kind, `feature ${column} of row ${row} is ${X.values[cell]}`);
  }
  const row = y.findIndex((value) => !Number.isFinite(value));
  if (row >= 0) throw invalid(kind, `the label of row ${row} is ${y[row]}`);
}

/**
 * Checks that rows to forecast from have the features that the model was fitted on.
 * @throws StockcastError MODEL_INPUT_INVALID with both counts
 */
export function checkFeatureCount(kind: string, X: Matrix, nFeatures: number): void {
  if (X.nColumns !== nFeatures) {
    throw invalid(kind, `fitted on ${nFeatures} features, asked to predict from ${X.nColumns}`);
  }
}

/** What one parameter of a kind may be, in words and as a test. */
export interface ParameterRule {
  readonly expected: string;
  readonly holds: (value: Json) => boolean;
}

/**
 * Completes parameters that differ from a kind's defaults; there is one rule for each parameter.
 * @throws StockcastError PARAMETER_INVALID naming the parameter, its value and what is possible
 */
export function completeParameters<P extends { readonly [name: string]: Json }>(
  kind: string,
  defaults: P,
  rules: { readonly [name in keyof P]: ParameterRule },
  overrides: Json,
): P {
  if (overrides === null || typeof overrides !== 'object' || Array.isArray(overrides)) {
    throw unusable(kind, `parameters must be an object, not ${JSON.stringify(overrides)}`);
  }
  const complete: { [name: string]: Json } = { ...defaults };
  for (const [name, value] of Object.entries(overrides as { readonly [name: string]: Json | undefined })) {
    if (value === undefined) continue;
    if (!Object.hasOwn(rules, name)) {
      const known = Object.keys(rules);
      throw unusable(kind, `there is no parameter "${name}"; ${known.length ? `there are ${known}` : 'it has none'}`);
    }
    const { expected, holds } = rules[name]!;
    if (!holds(value)) throw unusable(kind, `the parameter ${name} is ${JSON.stringify(value)}, expected ${expected}`);
    complete[name] = value;
  }
  return complete as P;
}

function invalid(kind: string, problem: string): StockcastError {
  return new StockcastError('MODEL_INPUT_INVALID', { kind, problem });
}

function unusable(kind: string, problem: string): StockcastError {
  return new StockcastError('PARAMETER_INVALID', { kind, problem });
}
