import { StockcastError } from '../../domain/errors.ts';
import type { Json } from '../../domain/identity.ts';
import { LEAF, type Nodes } from './node-table.ts';

/** A fitted forest: its nodes and how many features a row must have. */
export interface FittedForest {
  readonly nFeatures: number;
  readonly nodes: Nodes;
}

const FORMAT = 1;

/**
 * A forest as JSON: the features (16-bit) and values (64-bit) of all nodes in preorder, little-endian, in base64.
 * Preorder and the leaves' marks alone tell where the right children are.
 */
export function encodeForest({ nFeatures, nodes }: FittedForest): Json {
  const size = nodes.features.length;
  const features = new DataView(new ArrayBuffer(2 * size));
  const values = new DataView(new ArrayBuffer(8 * size));
  for (let i = 0; i < size; i++) {
    features.setInt16(2 * i, nodes.features[i]!, true);
    values.setFloat64(8 * i, nodes.values[i]!, true);
  }
  return {
    kind: 'random-forest',
    format: FORMAT,
    nFeatures,
    nTrees: nodes.roots.length,
    features: toBase64(new Uint8Array(features.buffer)),
    values: toBase64(new Uint8Array(values.buffer)),
  };
}

/**
 * Reads what `encodeForest` wrote, and checks that every tree is whole.
 * @throws StockcastError OBJECT_DAMAGED
 */
export function decodeForest(object: Json): FittedForest {
  if (object === null || typeof object !== 'object' || Array.isArray(object)) throw damaged('it is not an object');
  const { kind, format, nFeatures, nTrees, features, values } = object as { readonly [name: string]: Json | undefined };
  if (kind !== 'random-forest') throw damaged(`its kind is ${JSON.stringify(kind)}`);
  if (format !== FORMAT) throw damaged(`its format is ${JSON.stringify(format)}, known is ${FORMAT}`);
  if (!isCount(nFeatures)) throw damaged(`nFeatures is ${JSON.stringify(nFeatures)}`);
  if (!isCount(nTrees)) throw damaged(`nTrees is ${JSON.stringify(nTrees)}`);
  const featureBytes = fromBase64(features, 'features');
  const valueBytes = fromBase64(values, 'values');
  const size = valueBytes.byteLength / 8;
  if (featureBytes.byteLength !== 2 * size) throw damaged('features and values do not have the same length');
  const nodes = {
    features: Int32Array.from({ length: size }, (_, i) => featureBytes.getInt16(2 * i, true)),
    values: Float64Array.from({ length: size }, (_, i) => valueBytes.getFloat64(8 * i, true)),
  };
  for (let i = 0; i < size; i++) {
    const feature = nodes.features[i]!;
    if (feature < LEAF || feature >= nFeatures) throw damaged(`node ${i} asks for feature ${feature}`);
    if (!Number.isFinite(nodes.values[i])) throw damaged(`node ${i} has the value ${nodes.values[i]}`);
  }
  return { nFeatures, nodes: { ...nodes, ...linkTrees(nodes.features, nTrees) } };
}

/** Finds the roots and right children of trees that follow one another in preorder. */
function linkTrees(features: Int32Array, nTrees: number): Pick<Nodes, 'roots' | 'rights'> {
  const roots = new Int32Array(nTrees);
  const rights = new Int32Array(features.length);
  let node = 0;
  for (let tree = 0; tree < nTrees; tree++) {
    roots[tree] = node;
    const withoutRight: number[] = [];
    let whole = false;
    while (!whole) {
      if (node === features.length) throw damaged(`tree ${tree} is cut off`);
      if (features[node] === LEAF) {
        const parent = withoutRight.pop();
        if (parent === undefined) whole = true;
        else rights[parent] = node + 1;
      } else {
        withoutRight.push(node);
      }
      node++;
    }
  }
  if (node !== features.length) throw damaged(`there are ${features.length - node} nodes after the last tree`);
  return { roots, rights };
}

function isCount(value: Json | undefined): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 2 ** 31;
}

function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  // In pieces: a call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 8192) parts.push(String.fromCharCode(...bytes.subarray(i, i + 8192)));
  return btoa(parts.join(''));
}

function fromBase64(text: Json | undefined, name: string): DataView {
  if (typeof text !== 'string') throw damaged(`${name} is not a text`);
  let binary: string;
  try {
    binary = atob(text);
  } catch (error) {
    throw damaged(`${name} is not base64`, error);
  }
  return new DataView(Uint8Array.from(binary, (character) => character.charCodeAt(0)).buffer);
}

function damaged(problem: string, cause?: unknown): StockcastError {
  return new StockcastError('OBJECT_DAMAGED', { key: 'of a random-forest model', problem }, { cause });
}
