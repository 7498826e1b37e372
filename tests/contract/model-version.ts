import type { Evaluation } from '../../domain/evaluation.ts';
import type { ModelVersion } from '../../domain/model-version.ts';

/** A trained model to be registered; `overrides` says what matters to the test. */
export function trainedModel(overrides: Partial<ModelVersion> = {}): Omit<ModelVersion, 'version' | 'evaluation'> {
  return {
    id: 'model-1',
    ticker: 'AAPL',
    horizon: 10,
    kind: 'linear',
    asOf: '2013-03-01',
    datasetId: 'dataset-1',
    featureSet: 'features-1',
    window: 'all',
    parameters: { zeta: 1, alpha: [0.1, 1e-300, { nested: null }], text: '"µ"\\' },
    seed: 2 ** 31 - 1,
    codeVersion: 'code-1',
    backend: 'typescript',
    objectKey: 'models/AAPL/model-1.json',
    nTrainingRows: 3200,
    trainedAt: '2013-03-04T12:00:00.123Z',
    runId: 'train/default/AAPL/2013-03-01/3f9c12',
    ...overrides,
  };
}

/** What evaluation found, with numbers whose last bit counts. */
export const EVALUATION: Evaluation = {
  nForecasts: 2500,
  nFolds: 10,
  firstOrigin: '2003-03-03',
  lastOrigin: '2013-02-14',
  model: { rmse: 0.1 + 0.2, mae: 1 / 3 },
  naive: { rmse: 0.031, mae: 0.02 },
  drift: { rmse: 5e-324, mae: 1.7976931348623157e308 },
  rmseRatioToNaive: 0.9999999999999999,
  rmseRatioToDrift: 1.0000000000000002,
  directionalAccuracy: 0.5,
  alwaysUpAccuracy: 0.53,
  residualQuantiles: Array.from({ length: 101 }, (_, i) => Math.tan((i - 50) / 33)),
  notes: ['short history: "few" folds'],
};
