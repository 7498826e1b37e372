import { StockcastError } from '../domain/errors.ts';
import { drift } from './baselines/drift.ts';
import { naive } from './baselines/naive.ts';
import { randomForest } from './forest/random-forest.ts';
import { linear } from './linear/ridge.ts';
import type { ModelKind } from './model.ts';

/** Every way to learn that the system knows, baselines first. */
export const MODEL_KINDS: readonly ModelKind[] = [naive, drift, linear, randomForest];

/**
 * The kind with this name.
 * @throws StockcastError MODEL_KIND_UNKNOWN, with those that are known
 */
export function kindNamed(name: string): ModelKind {
  const kind = MODEL_KINDS.find((known) => known.name === name);
  if (kind !== undefined) return kind;
  throw new StockcastError('MODEL_KIND_UNKNOWN', { kind: name, known: MODEL_KINDS.map((known) => known.name) });
}
