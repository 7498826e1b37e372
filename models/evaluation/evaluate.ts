import type { Evaluation, IntervalComparison, IntervalFigures, TestResult } from '../../domain/evaluation.ts';
import type { LeakageFindings } from '../../domain/gate.ts';
import type { Horizon } from '../../domain/horizon.ts';
import { calibrationOf, confidences, outOfSample } from './calibrated.ts';
import { directionalAccuracy, forecastErrors, lossRatio } from './metrics.ts';
import type { IntervalSeries, OutOfSampleForecasts } from './out-of-sample.ts';
import type { RawForecasts } from './raw-forecasts.ts';
import type { ShrunkForecasts } from './shrinkage.ts';
import {
  binomialInterval,
  brierScores,
  clarkWest,
  dieboldMariano,
  intervalScores,
  rankCorrelation,
  reliabilityTable,
} from './statistics/index.ts';

/** Judges a kind by its walk-forward forecasts of one ticker, each calibrated on what had matured by then. */
export function evaluate(series: ShrunkForecasts, horizon: Horizon, leakage: LeakageFindings): Evaluation {
  const forecasts = outOfSample(series, horizon);
  const { dates, y, yHat, naive, drift } = forecasts;
  const errors = { model: forecastErrors(y, yHat), naive: forecastErrors(y, naive), drift: forecastErrors(y, drift) };
  const accuracy = directionalAccuracy(y, yHat);
  const promised = confidences(series, horizon);
  const correlation = rankCorrelation(yHat, y, horizon);
  const { brier, baseRate } = brierScores(promised, rightness(y, yHat));
  return {
    nForecasts: y.length,
    nFolds: series.nFolds,
    firstOrigin: dates[0]!,
    lastOrigin: dates.at(-1)!,
    ...errors,
    rmseRatioToNaive: lossRatio(errors.model.rmse, errors.naive.rmse),
    rmseRatioToDrift: lossRatio(errors.model.rmse, errors.drift.rmse),
    dieboldMariano: {
      naive: against(forecasts, naive, horizon),
      drift: against(forecasts, drift, horizon),
    },
    clarkWest: clarkWest(y, naive, yHat, horizon),
    directionalAccuracy: accuracy,
    directionalAccuracyInterval: binomialInterval(accuracy, y.length / horizon),
    alwaysUpAccuracy: directionalAccuracy(y, new Float64Array(y.length).fill(1)),
    informationCoefficient: correlation,
    intervals: forecasts.intervals.map((intervals, i) => beside(y, intervals, forecasts.constantWidth[i]!)),
    reliability: reliabilityTable(promised, rightness(y, yHat)),
    brier,
    brierOfBaseRate: baseRate,
    calibration: calibrationOf(series, horizon),
    leakage,
    notes: notesOn(series, horizon),
  };
}

/** 1 where the forecast's sign was right, 0 where wrong, one half where either is zero. */
function rightness(y: Float64Array, yHat: Float64Array): Float64Array {
  return y.map((outcome, i) => (Math.sign(outcome * yHat[i]!) + 1) / 2);
}

function against({ y, yHat }: OutOfSampleForecasts, other: Float64Array, horizon: Horizon): TestResult {
  const differential = y.map((outcome, i) => (outcome - yHat[i]!) ** 2 - (outcome - other[i]!) ** 2);
  const { statistic, pBetter } = dieboldMariano(differential, horizon);
  return { statistic, pValue: pBetter };
}

function beside(y: Float64Array, model: IntervalSeries, constantWidth: IntervalSeries): IntervalComparison {
  return { level: model.level, model: figuresOf(y, model), constantWidth: figuresOf(y, constantWidth) };
}

function figuresOf(y: Float64Array, intervals: IntervalSeries): IntervalFigures {
  const { coverage, meanWidth, winkler, pinball } = intervalScores(y, intervals);
  return { coverage, meanWidth, winkler, pinball };
}

/** Below these, a reader is told: a quarter's worth of independent forecasts, half a year to learn from. */
const FEW_FORECASTS = 63;
const FEW_TRAINING_ROWS = 126;
const FEW_FOLDS = 5;

function notesOn({ y, nFolds, firstFoldRows, nWithoutTarget }: RawForecasts, horizon: Horizon): string[] {
  const notes: string[] = [];
  const nIndependent = Math.ceil(y.length / horizon);
  if (nIndependent < FEW_FORECASTS || nFolds < FEW_FOLDS) {
    const overlap = nIndependent < y.length ? `, which overlap and count for about ${nIndependent}` : '';
    notes.push(`Evaluated on ${count(y.length, 'day')} in ${count(nFolds, 'fold')}${overlap}: treat with care.`);
  }
  if (firstFoldRows < FEW_TRAINING_ROWS) {
    notes.push(`Short history: the first fold learnt from ${count(firstFoldRows, 'session')}.`);
  }
  if (nWithoutTarget > 0) {
    const sessions = count(nWithoutTarget, 'session');
    notes.push(`${sessions} left out: there is no price ${count(horizon, 'session')} later.`);
  }
  return notes;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
