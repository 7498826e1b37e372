import { StockcastError } from '../domain/errors.ts';
import type { Json } from '../domain/identity.ts';
import { drift } from './baselines/drift.ts';
import { naive } from './baselines/naive.ts';
import { ensembleParameters } from './ensemble/ensemble.ts';
import { randomForest } from './forest/random-forest.ts';
import { linear } from './linear/ridge.ts';
import { lstm } from './lstm/lstm.ts';
import type { ModelKind } from './model.ts';

/** Every way to learn that the system knows, baselines first: a new one is one folder and one line here. */
export const MODEL_KINDS: readonly ModelKind[] = [naive, drift, linear, randomForest, lstm];

/** Kinds that combine the forecasts of others. */
const ENSEMBLES: readonly { readonly name: string; readonly members: readonly string[] }[] = [
  { name: 'ensemble', members: [randomForest.name, lstm.name] },
];

/** Something that can be asked for by name and compete to serve. */
export type Kind = LearnedKind | CombinedKind;

interface NamedKind {
  readonly name: string;
  /** One sentence for people. */
  readonly description: string;
  /** `baseline` kinds are what others are measured against. */
  readonly role: 'baseline' | 'candidate';
  /** Whether its models learn from all tickers at once. */
  readonly pooled: boolean;
  /** @throws StockcastError PARAMETER_INVALID naming the parameter, its value and what is possible */
  parameters(overrides: Json): { readonly [name: string]: Json };
}

/** A kind that is fitted, on one ticker or on all of them. */
export interface LearnedKind extends NamedKind {
  readonly learner: ModelKind;
}

/** A kind that weights the forecasts of other kinds. */
export interface CombinedKind extends NamedKind {
  /** Names of the kinds that it combines. */
  readonly members: readonly string[];
}

const POOLED = 'pooled-';

/** Every kind that can be trained and asked for, baselines first; what combines others stands after them. */
export const KINDS: readonly Kind[] = [
  ...MODEL_KINDS.map((learner) => learned(learner, false)),
  ...ENSEMBLES.map((ensemble) => combined(ensemble, false)),
  ...MODEL_KINDS.filter(({ role }) => role === 'candidate').map((learner) => learned(learner, true)),
  ...ENSEMBLES.map((ensemble) => combined(ensemble, true)),
];

/**
 * The kind with this name.
 * @throws StockcastError MODEL_KIND_UNKNOWN, with those that are known
 */
export function kindNamed(name: string): Kind {
  const kind = KINDS.find((known) => known.name === name);
  if (kind !== undefined) return kind;
  throw new StockcastError('MODEL_KIND_UNKNOWN', { kind: name, known: KINDS.map((known) => known.name) });
}

/**
 * What is fitted for a kind.
 * @throws StockcastError MODEL_KIND_UNKNOWN
 */
export function learnerNamed(name: string): ModelKind {
  const learner = MODEL_KINDS.find((known) => known.name === name);
  if (learner !== undefined) return learner;
  throw new StockcastError('MODEL_KIND_UNKNOWN', { kind: name, known: MODEL_KINDS.map((known) => known.name) });
}

function learned(learner: ModelKind, pooled: boolean): LearnedKind {
  const { name, description, role } = learner;
  return {
    name: pooled ? POOLED + name : name,
    description: pooled ? `${description} One model learns from all tickers.` : description,
    role,
    pooled,
    learner,
    parameters: (overrides) => learner.parameters(overrides),
  };
}

function combined({ name, members }: (typeof ENSEMBLES)[number], pooled: boolean): CombinedKind {
  const prefixed = (of: string) => (pooled ? POOLED + of : of);
  const names = members.map(prefixed);
  return {
    name: prefixed(name),
    description: `The weighted mean of ${names.join(' and ')}, by their accuracy.`,
    role: 'candidate',
    pooled,
    members: names,
    parameters: (overrides) => ensembleParameters(prefixed(name), overrides),
  };
}
