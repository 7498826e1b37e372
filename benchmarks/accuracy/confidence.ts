import type { Evaluation } from '../../domain/evaluation.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { confidenceOf, directionCalibration } from '../../models/evaluation/confidence.ts';
import { evaluate } from '../../models/evaluation/evaluate.ts';
import { quantiles } from '../../models/evaluation/metrics.ts';
import { DEFAULT_WINDOW } from '../../models/evaluation/walk-forward.ts';
import { buildFeatures } from '../../models/features/build-features.ts';
import type { FeatureMatrix } from '../../models/features/feature-matrix.ts';
import { MODEL_KINDS } from '../../models/kinds.ts';
import type { ModelKind } from '../../models/model.ts';
import { SAMPLE_TICKERS, sampleSeries } from '../../tests/sample-series.ts';
import { type Bench, OURSELVES } from '../figure.ts';

const HORIZONS: readonly Horizon[] = [1, 10];

/** Stated confidences and whether the direction was right (a half for a zero outcome), forecast by forecast. */
interface Statements {
  readonly confidence: number[];
  readonly right: number[];
}

/**
 * Forecasts of the later half of the out-of-sample days, with confidences that know the earlier half only: its
 * residuals, and its calibration unless that is taken as 1.
 */
function statements(features: FeatureMatrix, kind: ModelKind, horizon: Horizon, calibrated: boolean): Statements {
  const options = { window: DEFAULT_WINDOW, seed: 1, parameters: kind.defaults };
  const { evaluation, forecasts } = evaluate(kind, features, horizon, options);
  const { y, yHat } = forecasts;
  const half = y.length >> 1;
  // The outcomes of the last `horizon` days before the half are not known there.
  const [yKnown, yHatKnown] = [y.slice(0, half - horizon), yHat.slice(0, half - horizon)];
  const residualQuantiles = quantiles(
    yKnown.map((outcome, i) => outcome - yHatKnown[i]!),
    101,
  );
  const known: Evaluation = {
    ...evaluation,
    nForecasts: yKnown.length,
    residualQuantiles,
    directionCalibration: calibrated ? directionCalibration(yKnown, yHatKnown, residualQuantiles) : 1,
  };
  return {
    confidence: Array.from(yHat.slice(half), (forecast) => confidenceOf(forecast, known, horizon)),
    right: Array.from(y.slice(half), (outcome, i) => (Math.sign(outcome * yHat[half + i]!) + 1) / 2),
  };
}

/** Compares stated confidence with how often directions were right, calibrated and not. */
export const confidenceBench: Bench = {
  name: 'confidence',
  description: 'Stated confidence beside the share of right directions, with and without calibration',
  subjects: [OURSELVES],
  async run(_options, report) {
    const tickers = SAMPLE_TICKERS.map((ticker) => buildFeatures(sampleSeries(ticker)));
    for (const kind of MODEL_KINDS.filter(({ name }) => name !== 'naive')) {
      for (const horizon of HORIZONS) {
        for (const calibrated of [false, true]) {
          const all = tickers.map((features) => statements(features, kind, horizon, calibrated));
          const confidence = all.flatMap((each) => each.confidence);
          const right = all.flatMap((each) => each.right);
          const mean = (of: (i: number) => number) => confidence.reduce((sum, _, i) => sum + of(i), 0) / right.length;
          const name = `${kind.name} h=${horizon} ${calibrated ? 'calibrated' : 'not calibrated'}`;
          const figure = (metric: string, value: number, unit: string) =>
            report.figure({ bench: 'confidence', case: name, subject: OURSELVES, metric, value, unit });
          figure('mean_confidence', mean((i) => confidence[i]!) * 100, '%');
          figure('directions_right', mean((i) => right[i]!) * 100, '%');
          const brier = (of: (i: number) => number) => mean((i) => (of(i) - right[i]!) ** 2);
          figure('brier_gain_over_coin', (brier(() => 0.5) - brier((i) => confidence[i]!)) * 1e4, '1e-4');
        }
      }
    }
    report.note('Measured on the later half of the out-of-sample days, calibrated on the earlier.');
  },
};
