import type { Evaluation, IntervalFigures } from '../domain/evaluation.ts';

const figures: IntervalFigures = { coverage: 0.801, meanWidth: 0.21, winkler: 0.31, pinball: 0.015 };

/** An evaluation as tests need one that only has to be whole. */
export const EVALUATION: Evaluation = {
  nForecasts: 2700,
  nFolds: 11,
  firstOrigin: '2002-03-01',
  lastOrigin: '2013-02-14',
  model: { rmse: 0.0851234, mae: 0.061 },
  naive: { rmse: 0.0851, mae: 0.061 },
  drift: { rmse: 0.0853, mae: 0.0612 },
  rmseRatioToNaive: 1.00028,
  rmseRatioToDrift: 0.99793,
  dieboldMariano: { naive: { statistic: 0.4, pValue: 0.655 }, drift: { statistic: -0.3, pValue: 0.382 } },
  clarkWest: { statistic: 0.2, pValue: 0.421 },
  directionalAccuracy: 0.5123,
  directionalAccuracyInterval: [0.45, 0.57],
  alwaysUpAccuracy: 0.5489,
  informationCoefficient: { statistic: 0.01, pValue: 0.8 },
  intervals: [
    { level: 0.8, model: figures, constantWidth: { ...figures, winkler: 0.33 } },
    { level: 0.95, model: { ...figures, coverage: 0.951 }, constantWidth: { ...figures, coverage: 0.94 } },
  ],
  reliability: [{ from: 0.5, to: 0.55, n: 2700, meanPromised: 0.512, shareRight: 0.509 }],
  brier: 0.2498,
  brierOfBaseRate: 0.2499,
  calibration: {
    shrinkage: 0.25,
    intervals: {
      horizon: 10,
      nScores: 504,
      multiples: [
        { level: 0.8, multiple: 1.2 },
        { level: 0.95, multiple: 2.1 },
      ],
    },
    direction: { horizon: 10, nScores: 2700, scoreQuantiles: [-3, -0.3, -1 / 3, 0, 1e-17, 3.1], kept: 2 / 3 },
  },
  leakage: { passed: true, checks: [{ name: 'purged-folds', passed: true, detail: 'all folds are purged' }] },
  notes: [],
};
