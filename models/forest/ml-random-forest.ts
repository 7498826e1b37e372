import type { Json } from '../../domain/identity.ts';
import type { Model } from '../model.ts';
import { decodeForest } from './forest-object.ts';
import { LEAF, type Nodes } from './node-table.ts';

/**
 * The JSON that `RandomForestRegression.load` of npm ml-random-forest 2.1.0 takes; the loaded forest predicts the very
 * same numbers. It knows neither gains nor out-of-bag rows, so `featureImportance` and `predictOOB` have nothing to say.
 * @throws StockcastError OBJECT_DAMAGED when `model` is not a random forest
 */
export function toMlRandomForest(model: Model): Json {
  const { nFeatures, nodes } = decodeForest(model.toObject());
  const allFeatures = Array.from({ length: nFeatures }, (_, feature) => feature);
  const options = { kind: 'regression', gainFunction: 'regression', splitFunction: 'mean', minNumSamples: 1 };
  return {
    name: 'RFRegression',
    selectionMethod: 'mean',
    baseModel: {
      indexes: Array.from(nodes.roots, () => allFeatures),
      n: nFeatures,
      replacement: false,
      maxFeatures: nFeatures,
      nEstimators: nodes.roots.length,
      treeOptions: options,
      isClassifier: false,
      seed: 0,
      estimators: Array.from(nodes.roots, (root) => ({ name: 'DTRegression', options, root: subtree(nodes, root) })),
      useSampleBagging: true,
    },
  };
}

/** A node of ml-cart: rows with a value less than `splitValue` go left, as here. */
function subtree(nodes: Nodes, node: number): Json {
  const feature = nodes.features[node]!;
  const value = nodes.values[node]!;
  if (feature === LEAF) return { distribution: value };
  return {
    splitColumn: feature,
    splitValue: value,
    left: subtree(nodes, node + 1),
    right: subtree(nodes, nodes.rights[node]!),
  };
}
