import type { Json } from '../../domain/identity.ts';
import type { FitOptions, Matrix, Model, ModelKind } from '../model.ts';
import { seededRandom } from '../random.ts';
import { type CompiledForest, compileForest, predictRows } from './compiled-forest.ts';
import { checkRowsToLearn, checkRowsToPredict } from './forest-input.ts';
import { withForestKernel } from './forest-kernel.ts';
import { decodeForest, encodeForest, type FittedForest } from './forest-object.ts';
import { FOREST_DEFAULTS, FOREST_SPACE, type ForestParameters, forestParameters } from './forest-parameters.ts';
import { NodeTable, type Nodes } from './node-table.ts';
import { TreeGrower } from './tree-grower.ts';

const NAME = 'random-forest';

/** A fitted forest: `yHat(x) = (1 / nTrees) sum over trees of the mean target in the leaf that x falls into`. */
class RandomForest implements Model {
  readonly kind = NAME;
  readonly #forest: FittedForest;
  #compiled: CompiledForest | undefined;

  constructor(forest: FittedForest, compiled?: CompiledForest) {
    this.#forest = forest;
    this.#compiled = compiled;
  }

  predict(X: Matrix): Float64Array {
    const { nodes, nFeatures } = this.#forest;
    checkRowsToPredict(X, nFeatures);
    // At the first prediction, as many a fitted model is only stored.
    this.#compiled ??= compileForest(nodes, nFeatures);
    const yHat = new Float64Array(X.nRows);
    predictRows(this.#compiled, X.values, yHat);
    return yHat;
  }

  toObject(): Json {
    return encodeForest(this.#forest);
  }
}

/**
 * Random-forest regression: trees on bootstrap samples of the rows, each split the best of a fresh sample of the
 * features, over features quantised to at most 256 bins. The whole fit is one call without a pause; `signal` is looked
 * at before each tree, and after it `onProgress` is called and a checkpoint offered.
 *
 * @example
 * const model = randomForest.fit(X, y, randomForest.parameters({ maxDepth: null }), { seed: 1 });
 * const yHat = model.predict(X);
 *
 * Source: Leo Breiman, "Random Forests", Machine Learning 45, 2001.
 */
export const randomForest: ModelKind<ForestParameters> = {
  name: NAME,
  description: 'Mean of regression trees, each grown on resampled rows with a sample of the features at every split',
  role: 'candidate',
  defaults: FOREST_DEFAULTS,
  space: FOREST_SPACE,
  parameters: forestParameters,
  fit,
  fromObject: (object) => {
    const forest = decodeForest(object);
    return new RandomForest(forest, compileForest(forest.nodes, forest.nFeatures));
  },
};

/** The trees that are grown, and what the next one goes on from. */
type ForestState = { readonly [column in keyof Nodes]: Nodes[column] } & { readonly featureOrder: Int32Array };

function fit(X: Matrix, y: Float64Array, parameters: ForestParameters, options: FitOptions): Model {
  const { nTrees } = parameters;
  const { signal, onProgress, checkpoints } = options;
  signal?.throwIfAborted();
  checkRowsToLearn(X, y);
  const grown = checkpoints?.resumeFrom as ForestState | undefined;
  const nodes = new NodeTable(grown);
  const nGrown = grown?.roots.length ?? 0;
  const seeds = seededRandom(options.seed);
  withForestKernel((kernel) => {
    const grower = new TreeGrower(kernel, X, y, parameters, grown?.featureOrder);
    for (let tree = 0; tree < nTrees; tree++) {
      signal?.throwIfAborted();
      // A seed of its own for each tree, so that those that are grown need not be grown again for it.
      const seed = seeds.nextInt(2 ** 32);
      if (tree < nGrown) continue;
      grower.grow(seed, nodes);
      onProgress?.((tree + 1) / nTrees);
      checkpoints?.offer((): ForestState => ({ ...nodes.nodes(), featureOrder: grower.featureOrder() }));
    }
  });
  return new RandomForest({ nFeatures: X.nColumns, nodes: nodes.nodes() });
}
