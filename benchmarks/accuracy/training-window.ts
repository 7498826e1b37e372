import type { Horizon } from '../../domain/horizon.ts';
import type { Json } from '../../domain/identity.ts';
import type { TrainingWindow } from '../../domain/model-version.ts';
import { addSessions } from '../../domain/calendar.ts';
import { evaluate, type OutOfSampleForecasts } from '../../models/evaluation/evaluate.ts';
import { buildFeatures } from '../../models/features/build-features.ts';
import type { FeatureMatrix } from '../../models/features/feature-matrix.ts';
import { kindNamed } from '../../models/kinds.ts';
import { SAMPLE_TICKERS, sampleSeries } from '../../tests/sample-series.ts';

/** Choices are made on outcomes known before this date; what follows only reports how they would have done. */
const CHOICE_ENDS = '2008-01-01';
const WINDOWS: readonly TrainingWindow[] = [252, 504, 1008, 'all'];
const HORIZONS: readonly Horizon[] = [1, 10];
const SEED = 1;

/** What is tried in every window, besides the baseline `drift`. */
const CANDIDATES: readonly { readonly kind: string; readonly parameters: Json }[] = [
  { kind: 'drift', parameters: {} },
  ...[1e-9, 0.1, 1, 10, 100].map((alpha) => ({ kind: 'linear', parameters: { alpha } })),
  ...[3, 5, null].map((maxDepth) => ({ kind: 'random-forest', parameters: { maxDepth, minSamplesLeaf: 5 } })),
];

/** How one candidate did on the four tickers together. */
interface Result {
  readonly subject: string;
  readonly window: TrainingWindow;
  readonly horizon: Horizon;
  /** RMSE over the naive forecast's, all tickers pooled, on the outcomes before and since `CHOICE_ENDS`. */
  readonly before: number;
  readonly since: number;
  readonly seconds: number;
}

function measure(tickers: readonly FeatureMatrix[]): Result[] {
  return CANDIDATES.flatMap(({ kind: name, parameters: overrides }) =>
    WINDOWS.flatMap((window) =>
      HORIZONS.map((horizon) => {
        const kind = kindNamed(name);
        const parameters = kind.parameters(overrides);
        const start = performance.now();
        const forecasts = tickers.map(
          (features) => evaluate(kind, features, horizon, { window, seed: SEED, parameters }).forecasts,
        );
        const seconds = (performance.now() - start) / 1000;
        // A forecast counts as "before" when its outcome was known: its target session, not its origin, decides.
        const [before, since] = [true, false].map((early) =>
          pooledRatio(forecasts, (origin) => addSessions(origin, horizon) < CHOICE_ENDS === early),
        );
        const subject = `${name} ${JSON.stringify(overrides)}`;
        return { subject, window, horizon, before: before!, since: since!, seconds };
      }),
    ),
  );
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
  const cell = (results: readonly Result[], pick: (result: Result) => number) =>
    results.map((result) => pick(result).toFixed(4)).join(' / ');
  console.log('| model | window | h=1 / h=10 before 2008 | h=1 / h=10 since | seconds |');
  console.log('|---|---|---|---|---|');
  for (let i = 0; i < results.length; i += HORIZONS.length) {
    const both = results.slice(i, i + HORIZONS.length);
    const { subject, window } = both[0]!;
    const seconds = both.reduce((sum, result) => sum + result.seconds, 0).toFixed(1);
    const ratios = `${cell(both, (r) => r.before)} | ${cell(both, (r) => r.since)}`;
    console.log(`| ${subject} | ${window} | ${ratios} | ${seconds} |`);
  }
}

function printLines(results: readonly Result[]): void {
  for (const { subject, window, horizon, before, since, seconds } of results) {
    const figure = (metric: string, value: number, unit: string) =>
      JSON.stringify({
        bench: 'training-window',
        case: `${subject}, window ${window}, h=${horizon}`,
        subject: 'stockcast',
        metric,
        value,
        unit,
      });
    console.log(figure('rmse_ratio_before_2008', before, 'ratio'));
    console.log(figure('rmse_ratio_since_2008', since, 'ratio'));
    console.log(figure('evaluation_s', seconds, 's'));
  }
}

const results = measure(SAMPLE_TICKERS.map((ticker) => buildFeatures(sampleSeries(ticker))));
if (process.argv.includes('--json')) printLines(results);
else printTable(results);
