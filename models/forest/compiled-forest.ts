import { StockcastError } from '../../domain/errors.ts';
import { LEAF, type Nodes } from './node-table.ts';

/** A question is `rank << 15 | feature`; features have at most 15 bits (forest-input.ts). */
const FEATURE_BITS = 15;
const FEATURE_MASK = 2 ** FEATURE_BITS - 1;

/** Larger than every rank: 256 bins make at most 256 x 255 / 2 thresholds between two of them. */
const ALWAYS_STAY = 2 ** 16 - 1;

/** How many trees are descended at the same time. */
const ABREAST = 4;

/**
 * A forest laid out for prediction. A processor guesses wrong at every second node whether a row goes left or right, and
 * that costs more than the rest; so here a row first gets its rank among the thresholds of each feature, and then
 * descends by integer arithmetic without a branch, four trees abreast, leaves leading to themselves. On 100 trees grown
 * on 2,500 rows this takes two thirds of the time of the obvious loop. It changes no answer.
 */
export interface CompiledForest {
  readonly nTrees: number;
  /** Per feature its thresholds, ascending. */
  readonly cuts: readonly Float64Array[];
  /** Slot of each tree's root, padded with empty trees to a multiple of `ABREAST`. */
  readonly roots: Int32Array;
  /** The feature that an inner node asks for and which of its cuts, in one word; a leaf asks what keeps every row there. */
  readonly questions: Int32Array;
  /** Slot of the left child, the right child's follows it; a leaf's own slot. */
  readonly lefts: Int32Array;
  /** A leaf's answer. */
  readonly answers: Float64Array;
}

/**
 * Lays out the nodes of a forest on `nFeatures` features for `predictRows`.
 * @throws StockcastError OBJECT_DAMAGED when a feature has more thresholds than its bins allow
 */
export function compileForest(nodes: Nodes, nFeatures: number): CompiledForest {
  const size = nodes.features.length;
  const cuts = cutsOf(nodes, nFeatures);
  const crowded = cuts.findIndex((cutsOfFeature) => cutsOfFeature.length > ALWAYS_STAY);
  if (crowded >= 0) {
    const problem = `feature ${crowded} has ${cuts[crowded]!.length} thresholds`;
    throw new StockcastError('OBJECT_DAMAGED', { key: 'of a random-forest model', problem });
  }
  const nTrees = nodes.roots.length;
  const roots = new Int32Array(Math.ceil(nTrees / ABREAST) * ABREAST).fill(size);
  const questions = new Int32Array(size + 1).fill(ALWAYS_STAY << FEATURE_BITS);
  const lefts = new Int32Array(size + 1).fill(size);
  const answers = new Float64Array(size + 1);
  const slots = new Int32Array(size);
  let nSlots = 0;
  for (let node = 0, tree = 0; node < size; node++) {
    if (node === nodes.roots[tree]) {
      slots[node] = nSlots;
      roots[tree++] = nSlots++;
    }
    const slot = slots[node]!;
    const feature = nodes.features[node]!;
    if (feature === LEAF) {
      lefts[slot] = slot;
      answers[slot] = nodes.values[node]!;
      continue;
    }
    const rank = countUpTo(cuts[feature]!, nodes.values[node]!) - 1;
    questions[slot] = (rank << FEATURE_BITS) | feature;
    lefts[slot] = nSlots;
    slots[node + 1] = nSlots++;
    slots[nodes.rights[node]!] = nSlots++;
  }
  return { nTrees, cuts, roots, questions, lefts, answers };
}

/** Writes the mean answer of the trees for each row of `X` (row-major, as wide as `cuts`) into `yHat` `[nRows]`. */
export function predictRows(forest: CompiledForest, X: Float64Array, yHat: Float64Array): void {
  const { nTrees, cuts, roots, questions, lefts, answers } = forest;
  const nFeatures = cuts.length;
  const reached = new Int32Array(nFeatures);
  for (let row = 0; row < yHat.length; row++) {
    for (let feature = 0; feature < nFeatures; feature++) {
      reached[feature] = countUpTo(cuts[feature]!, X[row * nFeatures + feature]!);
    }
    let sum = 0;
    for (let tree = 0; tree < roots.length; tree += ABREAST) {
      let [a, b, c, d] = [roots[tree]!, roots[tree + 1]!, roots[tree + 2]!, roots[tree + 3]!];
      for (let moved = true; moved; ) {
        const [askA, askB, askC, askD] = [questions[a]!, questions[b]!, questions[c]!, questions[d]!];
        // The sign bit: 1 where the row's value is at least the threshold.
        const nextA = lefts[a]! + (((askA >> FEATURE_BITS) - reached[askA & FEATURE_MASK]!) >>> 31);
        const nextB = lefts[b]! + (((askB >> FEATURE_BITS) - reached[askB & FEATURE_MASK]!) >>> 31);
        const nextC = lefts[c]! + (((askC >> FEATURE_BITS) - reached[askC & FEATURE_MASK]!) >>> 31);
        const nextD = lefts[d]! + (((askD >> FEATURE_BITS) - reached[askD & FEATURE_MASK]!) >>> 31);
        moved = ((a ^ nextA) | (b ^ nextB) | (c ^ nextC) | (d ^ nextD)) !== 0;
        a = nextA;
        b = nextB;
        c = nextC;
        d = nextD;
      }
      // One after the other, in the order of the trees: the same sum as that of a plain loop.
      sum = sum + answers[a]! + answers[b]! + answers[c]! + answers[d]!;
    }
    yHat[row] = sum / nTrees;
  }
}

function cutsOf({ features, values }: Nodes, nFeatures: number): Float64Array[] {
  const counts = new Int32Array(nFeatures);
  for (const feature of features) if (feature !== LEAF) counts[feature]! += 1;
  const thresholds = Array.from(counts, (count) => new Float64Array(count));
  features.forEach((feature, node) => {
    if (feature !== LEAF) thresholds[feature]![--counts[feature]!] = values[node]!;
  });
  return thresholds.map((all) => all.sort().filter((value, i) => i === 0 || value !== all[i - 1]));
}

/** How many of the ascending `cuts` are at most `value`. */
function countUpTo(cuts: Float64Array, value: number): number {
  let low = 0;
  let high = cuts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cuts[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
