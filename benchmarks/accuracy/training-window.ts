import { addSessions } from '../../domain/calendar.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { Json } from '../../domain/identity.ts';
import type { TrainingWindow } from '../../domain/model-version.ts';
import { evaluate, type OutOfSampleForecasts } from '../../models/evaluation/evaluate.ts';
import { buildFeatures } from '../../models/features/build-features.ts';
import type { FeatureMatrix } from '../../models/features/feature-matrix.ts';
import { kindNamed } from '../../models/kinds.ts';
import { SAMPLE_TICKERS, sampleSeries } from '../../tests/sample-series.ts';

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
  readonly setting: Setting;
  readonly horizon: Horizon;
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
  const kind = kindNamed(setting.kind);
  const parameters = kind.parameters(setting.parameters);
  const start = performance.now();
  const forecasts = tickers.map(
    (features) => evaluate(kind, features, horizon, { window, stepSize, seed, parameters }).forecasts,
  );
  const seconds = (performance.now() - start) / 1000;
  // Not the session forecast from but the one forecast decides, as only then the outcome is known.
  const isBefore = (origin: string) => addSessions(origin, horizon) < CHOICE_ENDS;
  const before = pooledRatio(forecasts, isBefore);
  const since = pooledRatio(forecasts, (origin) => !isBefore(origin));
  return { setting, horizon, before, since, seconds };
}

function pooledRatio(tickers: readonly OutOfSampleForecasts[], counts: (origin: string) => boolean): number {
  let model = 0;
  let naive = 0;
  for (const { dates, y, yHat } of tickers) {
    for (let i = 0; i < y.length; i++) {
      if (!counts(dates[i]!)) continue;
      model += (y[i]! - yHat[i]!) ** 2;
      naive += y[i]! ** 2;
    }
  }
  return Math.sqrt(model / naive);
}

function printTable(results: readonly Result[]): void {
  console.log('| model | window | refit | seed | h=1 / h=10 before 2008 | h=1 / h=10 since | seconds, both horizons |');
  console.log('|---|---|---|---|---|---|---|');
  for (const setting of settings) {
    const both = results.filter((result) => result.setting === setting);
    const ratios = (pick: (result: Result) => number) => both.map((result) => pick(result).toFixed(4)).join(' / ');
    const seconds = both.reduce((sum, result) => sum + result.seconds, 0).toFixed(1);
    const { kind, parameters, window, stepSize, seed } = setting;
    const cells = [`${kind} ${JSON.stringify(parameters)}`, window, stepSize, seed];
    console.log(`| ${[...cells, ratios((r) => r.before), ratios((r) => r.since), seconds].join(' | ')} |`);
  }
}

function printLines(results: readonly Result[]): void {
  for (const { setting, horizon, before, since, seconds } of results) {
    const { kind, parameters, window, stepSize, seed } = setting;
    const name = `${kind} ${JSON.stringify(parameters)} window=${window} refit=${stepSize} seed=${seed} h=${horizon}`;
    const line = { bench: 'training-window', case: name, subject: 'stockcast' };
    console.log(JSON.stringify({ ...line, metric: 'rmse_ratio_before_2008', value: before, unit: 'ratio' }));
    console.log(JSON.stringify({ ...line, metric: 'rmse_ratio_since_2008', value: since, unit: 'ratio' }));
    console.log(JSON.stringify({ ...line, metric: 'evaluation_s', value: seconds, unit: 's' }));
  }
}

const tickers = SAMPLE_TICKERS.map((ticker) => buildFeatures(sampleSeries(ticker)));
const results = settings.flatMap((setting) => HORIZONS.map((horizon) => measure(tickers, setting, horizon)));
if (process.argv.includes('--json')) printLines(results);
else printTable(results);
