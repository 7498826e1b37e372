import { addSessions } from '../../domain/calendar.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { Json } from '../../domain/identity.ts';
import type { TrainingWindow } from '../../domain/model-version.ts';
import { type RawForecasts, walkForward } from '../../models/evaluation/raw-forecasts.ts';
import { buildFeatures } from '../../models/features/build-features.ts';
import type { FeatureMatrix } from '../../models/features/feature-matrix.ts';
import { learnerNamed } from '../../models/kinds.ts';
import { SAMPLE_TICKERS, sampleSeries } from '../../tests/sample-series.ts';
import { type Bench, OURSELVES } from '../figure.ts';

/** Choices are made on outcomes known before this date; what follows only reports how they would have done. */
const CHOICE_ENDS = '2008-01-01';
const HORIZONS: readonly Horizon[] = [1, 10];

/** One way to learn. */
interface Setting {
  readonly kind: string;
  readonly parameters: Json;
  readonly window: TrainingWindow;
  /** Sessions from one refit to the next. */
  readonly stepSize: number;
  readonly seed: number;
}

/** How one setting did at one horizon, on all tickers together. */
interface Result {
  /** RMSE over the naive forecast's, squared errors pooled, on the outcomes before `CHOICE_ENDS` and since. */
  readonly before: number;
  readonly since: number;
  readonly seconds: number;
}

const tried: readonly { readonly kind: string; readonly parameters: Json }[] = [
  { kind: 'drift', parameters: {} },
  ...[1e-9, 0.1, 1, 10, 100].map((alpha) => ({ kind: 'linear', parameters: { alpha } })),
  ...[3, 5, null].map((maxDepth) => ({ kind: 'random-forest', parameters: { maxDepth, minSamplesLeaf: 5 } })),
];
const windows: readonly TrainingWindow[] = [252, 504, 1008, 'all'];
const settings: readonly Setting[] = [
  ...tried.flatMap((model) => windows.map((window) => ({ ...model, window, stepSize: 252, seed: 1 }))),
  // What the choice leaves out: how often to refit, and how much the forest's figures owe to its seed.
  ...[126, 63, 21].map((stepSize) => ({ ...tried[6]!, window: 504, stepSize, seed: 1 })),
  ...[2, 3].map((seed) => ({ ...tried[6]!, window: 504, stepSize: 252, seed })),
];

function measure(tickers: readonly FeatureMatrix[], setting: Setting, horizon: Horizon): Result {
  const { window, stepSize, seed } = setting;
  const kind = learnerNamed(setting.kind);
  const parameters = kind.parameters(setting.parameters);
  const start = performance.now();
  const forecasts = tickers.map(
    (features) =>
      walkForward(kind, [features], horizon, { window, stepSize, seed, parameters, scaleTargets: false })[0]!,
  );
  const seconds = (performance.now() - start) / 1000;
  // Not the session forecast from but the one forecast decides, as only then the outcome is known.
  const isBefore = (origin: string) => addSessions(origin, horizon) < CHOICE_ENDS;
  const before = pooledRatio(forecasts, isBefore);
  const since = pooledRatio(forecasts, (origin) => !isBefore(origin));
  return { before, since, seconds };
}

function pooledRatio(tickers: readonly RawForecasts[], counts: (origin: string) => boolean): number {
  let model = 0;
  let naive = 0;
  for (const { dates, y, raw } of tickers) {
    for (let i = 0; i < y.length; i++) {
      if (!counts(dates[i]!)) continue;
      model += (y[i]! - raw[i]!) ** 2;
      naive += y[i]! ** 2;
    }
  }
  return Math.sqrt(model / naive);
}

/** The setting in words, as a case of the bench. */
function caseOf({ kind, parameters, window, stepSize, seed }: Setting, horizon: Horizon): string {
  return `${kind} ${JSON.stringify(parameters)} window=${window} refit=${stepSize} seed=${seed} h=${horizon}`;
}

/** Evaluates models, windows and refits on the bundled prices; behind `docs/decisions/training-window.md`. */
export const trainingWindowBench: Bench = {
  name: 'training-window',
  description: 'Out-of-sample RMSE of models by training window and parameters, beside the naive forecast',
  subjects: [OURSELVES],
  async run(_options, report) {
    const tickers = SAMPLE_TICKERS.map((ticker) => buildFeatures(sampleSeries(ticker)));
    for (const setting of settings) {
      for (const horizon of HORIZONS) {
        const name = caseOf(setting, horizon);
        report.progress(name);
        const { before, since, seconds } = measure(tickers, setting, horizon);
        const figure = (metric: string, value: number, unit: string) =>
          report.figure({ bench: 'training-window', case: name, subject: OURSELVES, metric, value, unit });
        figure('rmse_above_naive_before_2008', (before - 1) * 100, '%');
        figure('rmse_above_naive_since_2008', (since - 1) * 100, '%');
        figure('evaluation_s', seconds, 's');
      }
    }
    report.note(
      `Squared errors of ${SAMPLE_TICKERS.join(', ')} are pooled; a negative figure would beat the naive forecast.`,
    );
    report.note('Measured once: with data, parameters and seed given, the errors are always the same.');
  },
};
