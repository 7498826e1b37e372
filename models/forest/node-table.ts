/** Marks a leaf in `features`. */
export const LEAF = -1;

/**
 * The nodes of all trees of a forest in flat columns, tree after tree, each in preorder: the left child of an inner
 * node is the next node. A row goes left where its value is less than the threshold.
 */
export interface Nodes {
  /** The feature that an inner node asks for, `LEAF` for a leaf. */
  readonly features: Int32Array;
  /** An inner node's threshold, a leaf's answer. */
  readonly values: Float64Array;
  /** An inner node's right child; for a leaf 0. */
  readonly rights: Int32Array;
  /** The root of each tree. */
  readonly roots: Int32Array;
}

const LEAST_ROOM = 1024;
const NO_NODES: Nodes = {
  features: new Int32Array(),
  values: new Float64Array(),
  rights: new Int32Array(),
  roots: new Int32Array(),
};

/** Columns of nodes that grow as trees are added. */
export class NodeTable {
  #features: Int32Array;
  #values: Float64Array;
  #rights: Int32Array;
  #size: number;
  readonly #roots: number[];

  /** Begins with copies of these nodes. */
  constructor({ features, values, rights, roots }: Nodes = NO_NODES) {
    this.#size = features.length;
    const room = Math.max(LEAST_ROOM, this.#size);
    this.#features = enlarged(features, new Int32Array(room));
    this.#values = enlarged(values, new Float64Array(room));
    this.#rights = enlarged(rights, new Int32Array(room));
    this.#roots = [...roots];
  }

  /** Adds the first `size` nodes of these columns, whose right children count from the tree's root. */
  addTree(size: number, features: Int32Array, values: Float64Array, rights: Int32Array): void {
    const root = this.#size;
    this.#roots.push(root);
    this.#size += size;
    if (this.#size > this.#features.length) this.#enlarge(2 * this.#size);
    for (let node = 0; node < size; node++) {
      this.#features[root + node] = features[node]!;
      this.#values[root + node] = values[node]!;
      this.#rights[root + node] = features[node] === LEAF ? 0 : root + rights[node]!;
    }
  }

  /** The nodes so far, as copies. */
  nodes(): Nodes {
    return {
      features: this.#features.slice(0, this.#size),
      values: this.#values.slice(0, this.#size),
      rights: this.#rights.slice(0, this.#size),
      roots: Int32Array.from(this.#roots),
    };
  }

  #enlarge(size: number): void {
    this.#features = enlarged(this.#features, new Int32Array(size));
    this.#values = enlarged(this.#values, new Float64Array(size));
    this.#rights = enlarged(this.#rights, new Int32Array(size));
  }
}

function enlarged<A extends Int32Array | Float64Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}
