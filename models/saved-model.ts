import { StockcastError } from '../domain/errors.ts';
import type { Json } from '../domain/identity.ts';

/**
 * Reads the fields of an object that a model's `toObject` made: the kind must be the expected one, and each field a
 * finite number, a non-negative whole number or a list of finite numbers, as its reader says.
 */
export interface SavedModel {
  /** A finite number. */
  number(name: string): number;
  /** A whole number from `least` on. */
  count(name: string, least: number): number;
  /** `length` finite numbers. */
  numbers(name: string, length: number): Float64Array;
  /** The object as damaged, for what a reader can't see by itself. */
  damaged(problem: string): StockcastError;
}

/** @throws StockcastError OBJECT_DAMAGED when the object is not a model of this kind; so do the readers */
export function savedModel(kind: string, object: Json): SavedModel {
  const damaged = (problem: string) => new StockcastError('OBJECT_DAMAGED', { key: `of a ${kind} model`, problem });
  if (object === null || typeof object !== 'object' || Array.isArray(object)) throw damaged('not a JSON object');
  const fields = object as { readonly [name: string]: Json | undefined };
  if (fields.kind !== kind) throw damaged(`its kind is ${JSON.stringify(fields.kind)}, expected "${kind}"`);
  return {
    damaged,
    number(name) {
      const value = fields[name];
      if (!Number.isFinite(value)) throw damaged(`"${name}" is ${JSON.stringify(value)}, expected a number`);
      return value as number;
    },
    count(name, least) {
      const value = fields[name];
      if (!Number.isSafeInteger(value) || (value as number) < least) {
        throw damaged(`"${name}" is ${JSON.stringify(value)}, expected a whole number from ${least}`);
      }
      return value as number;
    },
    numbers(name, length) {
      const value = fields[name];
      if (!Array.isArray(value) || value.length !== length || !value.every(Number.isFinite)) {
        throw damaged(`"${name}" is not a list of ${length} numbers`);
      }
      return Float64Array.from(value as number[]);
    },
  };
}
