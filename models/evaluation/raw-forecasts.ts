import type { SessionDate } from '../../domain/bar.ts';
import { sessionOrdinal } from '../../domain/calendar.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { Json } from '../../domain/identity.ts';
import type { TrainingWindow } from '../../domain/model-version.ts';
import { mean } from '../baselines/drift.ts';
import type { Checkpoints, State } from '../checkpoints.ts';
import type { FeatureMatrix } from '../features/feature-matrix.ts';
import type { FitOptions, Model, ModelKind } from '../model.ts';
import {
  type LearningRows,
  betweenSessions,
  inputsOf,
  learningRows,
  tooFewSessions,
  withLookback,
} from './learning-rows.ts';
import { type Fold, LEAST_TRAINING_ROWS, walkForwardFolds } from './walk-forward.ts';

/** How models are fitted, for an evaluation and for keeps alike. */
export interface LearningOptions extends FitOptions {
  readonly window: TrainingWindow;
  /** The kind's parameters, complete. */
  readonly parameters: { readonly [name: string]: Json };
  /** Whether candidates learn the return over its forecast volatility; baselines never do. */
  readonly scaleTargets: boolean;
}

/** How an evaluation is laid out, besides. */
export interface EvaluationOptions extends LearningOptions {
  /** Sessions left out between training labels and the first forecast, beyond the horizon. */
  readonly embargo?: number;
  /** Most sessions that one fit forecasts; by default the kind's. */
  readonly stepSize?: number;
  /** Forecasts only from sessions after this one: what a parameter search saw before is not judged again. */
  readonly after?: SessionDate;
}

/**
 * A kind's walk-forward forecasts of one ticker before any calibration, ascending by session; every forecast is by a
 * model that knew nothing after its session's close.
 */
export interface RawForecasts {
  readonly ticker: string;
  readonly dates: readonly SessionDate[];
  readonly ordinals: Int32Array;
  /** What happened: the log total return over the horizon. */
  readonly y: Float64Array;
  /** Forecast log returns as the fitted models gave them. */
  readonly raw: Float64Array;
  /** Mean label of the ticker's own training rows. */
  readonly drift: Float64Array;
  /** Forecast volatility of `y`. */
  readonly volatility: Float64Array;
  readonly nFolds: number;
  /** Sessions that the first fold learnt from. */
  readonly firstFoldRows: number;
  /** Sessions of the history that could not be judged, because the target session has no price. */
  readonly nWithoutTarget: number;
}

/**
 * Forecasts a panel of tickers walk-forward: in each fold one model is fitted on the purged training rows of all of them
 * and forecasts the sessions up to the next fold. A panel of one ticker is the usual case, of several a pooled model.
 * Rows without the sessions that the kind looks back on are neither learnt from nor forecast.
 * @throws StockcastError TOO_FEW_SESSIONS, naming the first ticker, when not even one fold is possible
 */
export function walkForward(
  kind: ModelKind,
  panel: readonly FeatureMatrix[],
  horizon: Horizon,
  options: EvaluationOptions,
): RawForecasts[] {
  const { window, embargo = 0, stepSize, after, signal, onProgress, checkpoints } = options;
  const lookback = lookbackOf(kind, options);
  const judged = panel.map((features) => learningRows(features, horizon));
  const learnable = judged.map((rows) => withLookback(rows, lookback));
  const days = unionOf(judged.map(({ ordinals }) => ordinals));
  const { refitEvery } = kind;
  const laidOut = walkForwardFolds(days, {
    horizon,
    window,
    embargo,
    ...(refitEvery === undefined ? {} : { refitEvery }),
    ...(stepSize === undefined ? {} : { stepSize }),
  });
  // What is not judged need not be forecast.
  const from = after === undefined ? Number.NEGATIVE_INFINITY : sessionOrdinal(after);
  const folds = laidOut.filter(({ testTo }) => days[testTo - 1]! > from);
  const collected = judged.map(() => new Collected());
  const begun = checkpoints?.resumeFrom as WalkState | undefined;
  const finished: Float64Array[][] = [];
  folds.forEach((fold, done) => {
    signal?.throwIfAborted();
    const progress = (fraction: number) => onProgress?.((done + fraction) / folds.length);
    const testOf = (rows: LearningRows) => betweenSessions(rows, days[fold.testFrom]!, days[fold.testTo - 1]!);
    const forecastFold = (): Float64Array[] => {
      const training = learnable.map((rows) => betweenSessions(rows, days[fold.trainFrom]!, days[fold.trainTo - 1]!));
      if (training.reduce((n, { rows }) => n + rows.length, 0) < LEAST_TRAINING_ROWS) return [];
      const within = checkpointsWithin(checkpoints, finished, done === begun?.finished.length ? begun.fit : null);
      const model = fitOn(kind, training, horizon, { ...options, ...within, onProgress: progress });
      return learnable.map((rows) => predictRows(kind, model, testOf(rows), lookback, options));
    };
    const forecasts = begun?.finished[done] ?? forecastFold();
    // None: too few rows to learn from.
    forecasts.forEach((raw, i) => collected[i]!.add(testOf(learnable[i]!), raw, meanOf(judged[i]!, days, fold)));
    finished.push([...forecasts]);
    progress(1);
    if (done >= (begun?.finished.length ?? 0)) checkpoints?.offer((): WalkState => ({ finished, fit: null }));
  });
  const forecasts = collected.map((series, i) => series.after(after, judged[i]!, folds));
  if (forecasts.every(({ y }) => y.length === 0)) throw tooFewSessions(judged[0]!, horizon, lookback);
  return forecasts;
}

/** The forecasts of folds that are done, for each ticker of the panel, and how far the fit of the next one has come. */
type WalkState = { readonly finished: readonly (readonly Float64Array[])[]; readonly fit: State };

/** Lets a fit be left as a part of a walk. */
function checkpointsWithin(
  walk: Checkpoints | undefined,
  finished: readonly (readonly Float64Array[])[],
  fit: State,
): { checkpoints?: Checkpoints } {
  if (walk === undefined) return {};
  const offer = (state: () => State) => walk.offer((): WalkState => ({ finished, fit: state() }));
  return { checkpoints: fit === null ? { offer } : { resumeFrom: fit, offer } };
}

/** Fits one model on the rows of one or several tickers, which then take turns session by session. */
export function fitOn(
  kind: ModelKind,
  training: readonly LearningRows[],
  horizon: Horizon,
  options: LearningOptions,
): Model {
  const lookback = lookbackOf(kind, options);
  const scaled = isScaled(kind, options);
  const rows = training.flatMap((of, ticker) =>
    Array.from(of.ordinals, (ordinal, i) => ({
      ordinal,
      ticker,
      i,
      label: scaled ? of.y[i]! / of.volatility[i]! : of.y[i]!,
    })),
  );
  rows.sort((a, b) => a.ordinal - b.ordinal || a.ticker - b.ticker);
  const inputs = training.map((of) => inputsOf(of.features, of.rows, lookback));
  const { nColumns } = inputs[0]!;
  const values = new Float64Array(rows.length * nColumns);
  rows.forEach(({ ticker, i }, at) => {
    values.set(inputs[ticker]!.values.subarray(i * nColumns, (i + 1) * nColumns), at * nColumns);
  });
  const X = { nRows: rows.length, nColumns, values };
  const { seed, signal, onProgress, checkpoints } = options;
  return kind.fit(
    X,
    Float64Array.from(rows, ({ label }) => label),
    options.parameters,
    {
      seed,
      overlap: horizon * training.length,
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(checkpoints === undefined ? {} : { checkpoints }),
    },
  );
}

/** Consecutive sessions that one row of the kind's input covers. */
export function lookbackOf(kind: ModelKind, { parameters }: Pick<LearningOptions, 'parameters'>): number {
  return kind.lookback?.(parameters) ?? 1;
}

/** Whether this kind learns returns over their volatility. */
export function isScaled(kind: ModelKind, { scaleTargets }: { readonly scaleTargets: boolean }): boolean {
  return scaleTargets && kind.role === 'candidate';
}

function predictRows(kind: ModelKind, model: Model, test: LearningRows, lookback: number, options: LearningOptions) {
  const raw = model.predict(inputsOf(test.features, test.rows, lookback));
  return isScaled(kind, options) ? raw.map((value, i) => value * test.volatility[i]!) : raw;
}

function meanOf(rows: LearningRows, days: Int32Array, fold: Fold): number {
  const { y } = betweenSessions(rows, days[fold.trainFrom]!, days[fold.trainTo - 1]!);
  return y.length === 0 ? 0 : mean(y);
}

/** Gathers one ticker's forecasts fold by fold. */
class Collected {
  readonly #parts: { test: LearningRows; raw: Float64Array; drift: number }[] = [];

  add(test: LearningRows, raw: Float64Array, drift: number): void {
    this.#parts.push({ test, raw, drift });
  }

  after(after: SessionDate | undefined, judged: LearningRows, folds: readonly Fold[]): RawForecasts {
    const rows = this.#parts.flatMap(({ test, raw, drift }) =>
      test.dates.map((date, i) => ({
        date,
        ordinal: test.ordinals[i]!,
        y: test.y[i]!,
        raw: raw[i]!,
        drift,
        volatility: test.volatility[i]!,
      })),
    );
    const kept = after === undefined ? rows : rows.filter(({ date }) => date > after);
    return {
      ticker: judged.features.ticker,
      dates: kept.map(({ date }) => date),
      ordinals: Int32Array.from(kept, ({ ordinal }) => ordinal),
      y: Float64Array.from(kept, ({ y }) => y),
      raw: Float64Array.from(kept, ({ raw }) => raw),
      drift: Float64Array.from(kept, ({ drift }) => drift),
      volatility: Float64Array.from(kept, ({ volatility }) => volatility),
      nFolds: folds.length,
      firstFoldRows: folds.length === 0 ? 0 : folds[0]!.trainTo - folds[0]!.trainFrom,
      nWithoutTarget: judged.nWithoutTarget,
    };
  }
}

function unionOf(ordinals: readonly Int32Array[]): Int32Array {
  if (ordinals.length === 1) return ordinals[0]!;
  return Int32Array.from(new Set(ordinals.flatMap((of) => [...of]))).sort();
}
