import type { Horizon } from '../../domain/horizon.ts';
import { type RawForecasts, walkForward } from '../../models/evaluation/raw-forecasts.ts';
import { DEFAULT_WINDOW } from '../../models/evaluation/walk-forward.ts';
import type { FeatureMatrix } from '../../models/features/feature-matrix.ts';
import type { Matrix, ModelKind } from '../../models/model.ts';

/** What a kind is given in one fold, and which rows of the forecasts it gives are forecast in it: `[from, to)`. */
export interface RecordedFold {
  /** Training rows `[nRows, nFeatures]` and their labels over the forecast volatility. */
  readonly X: Matrix;
  readonly y: Float64Array;
  readonly XTest: Matrix;
  readonly from: number;
  readonly to: number;
}

/** The walk-forward evaluation of one ticker as a kind sees it. */
export interface RecordedFolds {
  /** What is judged; `raw` is 0. A forecast for a row is the answer for it times the row's `volatility`. */
  readonly series: RawForecasts;
  readonly folds: readonly RecordedFold[];
}

/**
 * Runs the walk-forward evaluation with a kind that learns nothing but keeps what it is given, so that a peer outside
 * gets the very rows, labels and folds that the kinds get.
 */
export function recordedFolds(features: FeatureMatrix, horizon: Horizon): RecordedFolds {
  const folds: RecordedFold[] = [];
  let from = 0;
  const recorder: ModelKind = {
    name: 'recorder',
    description: 'Keeps what it is given.',
    role: 'candidate',
    defaults: {},
    parameters: () => ({}),
    fit: (X, y) => ({
      kind: 'recorder',
      predict(XTest) {
        folds.push({ X, y, XTest, from, to: from + XTest.nRows });
        from += XTest.nRows;
        return new Float64Array(XTest.nRows);
      },
      toObject: () => ({}),
    }),
    fromObject() {
      throw new Error('A recorder is never stored.');
    },
  };
  const options = { window: DEFAULT_WINDOW, seed: 0, parameters: {}, scaleTargets: true };
  const [series] = walkForward(recorder, [features], horizon, options);
  return { series: series!, folds };
}
