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

/** Columns of nodes that grow as trees are added. */
export class NodeTable {
  #features = new Int32Array(1024);
  #values = new Float64Array(1024);
  #rights = new Int32Array(1024);
  #size = 0;
  readonly #roots: number[] = [];

  startTree(): void {
    this.#roots.push(this.#size);
  }

  addLeaf(answer: number): void {
    this.#add(LEAF, answer);
  }

  /** Adds an inner node and returns its number; its left child must be added next. */
  addSplit(feature: number, threshold: number): number {
    return this.#add(feature, threshold);
  }

  /** Makes the node that will be added next the right child of `inner`. */
  setRight(inner: number): void {
    this.#rights[inner] = this.#size;
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

  #add(feature: number, value: number): number {
    if (this.#size === this.#features.length) {
      this.#features = enlarged(this.#features, new Int32Array(2 * this.#size));
      this.#values = enlarged(this.#values, new Float64Array(2 * this.#size));
      this.#rights = enlarged(this.#rights, new Int32Array(2 * this.#size));
    }
    this.#features[this.#size] = feature;
    this.#values[this.#size] = value;
    return this.#size++;
  }
}

function enlarged<A extends Int32Array | Float64Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}
