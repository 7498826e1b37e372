import type { SessionDate } from '../../domain/bar.ts';
import type { Evaluation } from '../../domain/evaluation.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { Json } from '../../domain/identity.ts';
import type { TrainingWindow } from '../../domain/model-version.ts';
import { mean } from '../baselines/drift.ts';
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import { rowRange } from '../matrix.ts';
import type { FitOptions, ModelKind } from '../model.ts';
import { directionCalibration } from './confidence.ts';
import { type LabelledRows, labelledRows, tooFewSessions } from './labelled-rows.ts';
import { directionalAccuracy, forecastErrors, lossRatio, quantiles } from './metrics.ts';
import { type Fold, walkForwardFolds } from './walk-forward.ts';

/** How models are fitted, for an evaluation and for keeps alike. */
export interface LearningOptions extends FitOptions {
  readonly window: TrainingWindow;
  /** The kind's parameters, complete. */
  readonly parameters: { readonly [name: string]: Json };
}

/** An evaluation's forecasts, each made by a model that knew nothing after the forecast's session. */
export interface OutOfSampleForecasts {
  /** The sessions forecast from. */
  readonly dates: readonly SessionDate[];
  /** What happened: the log total return over the horizon. */
  readonly y: Float64Array;
  readonly yHat: Float64Array;
  /** The baselines' forecasts; `drift` is the mean label of the same training rows. */
  readonly naive: Float64Array;
  readonly drift: Float64Array;
}

const RESIDUAL_QUANTILES = 101;

/**
 * Evaluates a kind of model walk-forward: in each fold a new model is fitted on purged training rows and forecasts the
 * sessions up to the next fold, beside the baselines.
 * @throws StockcastError TOO_FEW_SESSIONS when not even one fold is possible
 */
export function evaluate(
  kind: ModelKind,
  features: FeatureMatrix,
  horizon: Horizon,
  options: LearningOptions & { readonly stepSize?: number },
): { evaluation: Evaluation; forecasts: OutOfSampleForecasts } {
  const rows = labelledRows(features, horizon);
  const { window, stepSize, signal, onProgress } = options;
  const folds = walkForwardFolds(rows.ordinals, { horizon, window, ...(stepSize === undefined ? {} : { stepSize }) });
  if (folds.length === 0) throw tooFewSessions(features, rows, horizon);

  const firstTest = folds[0]!.testFrom;
  const y = rows.y.slice(firstTest);
  const yHat = new Float64Array(y.length);
  const drift = new Float64Array(y.length);
  folds.forEach(({ trainFrom, trainTo, testFrom, testTo }, done) => {
    signal?.throwIfAborted();
    const yTrain = rows.y.slice(trainFrom, trainTo);
    const model = kind.fit(rowRange(rows.X, trainFrom, trainTo), yTrain, options.parameters, {
      seed: options.seed,
      ...(signal === undefined ? {} : { signal }),
      onProgress: (fraction) => onProgress?.((done + fraction) / folds.length),
    });
    yHat.set(model.predict(rowRange(rows.X, testFrom, testTo)), testFrom - firstTest);
    drift.fill(mean(yTrain), testFrom - firstTest, testTo - firstTest);
  });
  const forecasts = { dates: rows.dates.slice(firstTest), y, yHat, naive: new Float64Array(y.length), drift };
  return { evaluation: { ...judge(forecasts), nFolds: folds.length, notes: notesOn(rows, folds, horizon) }, forecasts };
}

function judge(forecasts: OutOfSampleForecasts): Omit<Evaluation, 'nFolds' | 'notes'> {
  const { dates, y, yHat } = forecasts;
  const model = forecastErrors(y, yHat);
  const naive = forecastErrors(y, forecasts.naive);
  const drift = forecastErrors(y, forecasts.drift);
  const residuals = y.map((outcome, i) => outcome - yHat[i]!);
  const residualQuantiles = quantiles(residuals, RESIDUAL_QUANTILES);
  return {
    nForecasts: y.length,
    firstOrigin: dates[0]!,
    lastOrigin: dates.at(-1)!,
    model,
    naive,
    drift,
    rmseRatioToNaive: lossRatio(model.rmse, naive.rmse),
    rmseRatioToDrift: lossRatio(model.rmse, drift.rmse),
    directionalAccuracy: directionalAccuracy(y, yHat),
    alwaysUpAccuracy: directionalAccuracy(y, new Float64Array(y.length).fill(1)),
    residualQuantiles,
    directionCalibration: directionCalibration(y, yHat, residualQuantiles),
  };
}

/** Below these, a reader is told: a quarter's worth of independent forecasts, half a year to learn from. */
const FEW_FORECASTS = 63;
const FEW_TRAINING_ROWS = 126;
const FEW_FOLDS = 5;

function notesOn(rows: LabelledRows, folds: readonly Fold[], horizon: Horizon): string[] {
  const notes: string[] = [];
  const nForecasts = rows.y.length - folds[0]!.testFrom;
  const nIndependent = Math.ceil(nForecasts / horizon);
  const { trainFrom, trainTo } = folds[0]!;
  if (nIndependent < FEW_FORECASTS || folds.length < FEW_FOLDS) {
    const overlap = horizon > 1 ? `, which overlap and count for about ${nIndependent}` : '';
    notes.push(
      `Evaluated on ${count(nForecasts, 'day')} in ${count(folds.length, 'fold')}${overlap}: treat with care.`,
    );
  }
  if (trainTo - trainFrom < FEW_TRAINING_ROWS) {
    notes.push(`Short history: the first fold learnt from ${count(trainTo - trainFrom, 'session')}.`);
  }
  if (rows.nWithoutTarget > 0) {
    const sessions = count(rows.nWithoutTarget, 'session');
    notes.push(`${sessions} left out: there is no price ${count(horizon, 'session')} later.`);
  }
  return notes;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
