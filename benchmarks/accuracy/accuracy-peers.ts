import { fileURLToPath } from 'node:url';
import type { SessionDate } from '../../domain/bar.ts';
import { INTERVAL_LEVELS } from '../../domain/calibration.ts';
import type { Horizon } from '../../domain/horizon.ts';
import type { OutOfSampleForecasts } from '../../models/evaluation/out-of-sample.ts';
import { DEFAULT_WINDOW } from '../../models/evaluation/walk-forward.ts';
import type { FeatureMatrix } from '../../models/features/feature-matrix.ts';
import { sessionOrdinals } from '../../models/features/labels.ts';
import { FOREST_DEFAULTS } from '../../models/forest/forest-parameters.ts';
import { linear } from '../../models/linear/ridge.ts';
import { LinePeer } from '../peers/line-peer.ts';
import { pythonEnvironment } from '../peers/python-environment.ts';
import { recordedFolds } from './recorded-folds.ts';

/** Peers that learn from the kinds' own rows. */
const LEARNERS: readonly string[] = ['scikit-learn Ridge', 'scikit-learn RandomForestRegressor'];
/** Peers that are fitted on prices alone and bring intervals of their own. */
const SERIES_MODELS: readonly string[] = [
  'statsmodels random walk',
  'statsmodels random walk with drift',
  'statsmodels AR',
  'statsmodels exponential smoothing',
  'statsmodels HAR',
  'arch GARCH',
];

/** Names of all peers, as the script knows them. */
export const ACCURACY_PEERS: readonly string[] = [...LEARNERS, ...SERIES_MODELS];

interface Answer {
  /** Per row of the folds asked: a log return, from learners over the row's forecast volatility. */
  readonly yHat: number[];
  /** One per level, or none. */
  readonly intervals: readonly { readonly lower: number[]; readonly upper: number[] }[];
}

/** Starts the process that answers for all peers; its owner closes it. */
export async function accuracyPeer(progress: (text: string) => void): Promise<LinePeer> {
  const requirements = fileURLToPath(new URL('../peers/accuracy-requirements.txt', import.meta.url));
  const python = await pythonEnvironment(progress, { requirements });
  return new LinePeer('of accuracy', python, [fileURLToPath(new URL('../peers/accuracy_peer.py', import.meta.url))]);
}

/**
 * A peer's walk-forward forecasts of one ticker, from every fold that forecasts a session in `[from, to]`, with its own
 * intervals where it has them.
 */
export async function peerForecasts(
  peer: LinePeer,
  subject: string,
  features: FeatureMatrix,
  horizon: Horizon,
  seed: number,
  [from, to]: readonly [SessionDate, SessionDate],
): Promise<OutOfSampleForecasts> {
  const recorded = recordedFolds(features, horizon);
  const { dates, ordinals, y, drift, volatility } = recorded.series;
  const folds = recorded.folds.filter((fold) => dates[fold.from]! <= to && dates[fold.to - 1]! >= from);
  const learns = LEARNERS.includes(subject);
  const answer = await peer.ask<Answer>({
    subject,
    horizon,
    seed,
    ...(learns ? learnersQuestion(features, folds) : seriesQuestion(features, folds, ordinals)),
  });
  const rows = folds.flatMap((fold) => Array.from({ length: fold.to - fold.from }, (_, i) => fold.from + i));
  const column = (values: Float64Array) => Float64Array.from(rows, (row) => values[row]!);
  return {
    dates: rows.map((row) => dates[row]!),
    ordinals: Int32Array.from(rows, (row) => ordinals[row]!),
    y: column(y),
    yHat: Float64Array.from(rows, (row, i) => answer.yHat[i]! * (learns ? volatility[row]! : 1)),
    naive: new Float64Array(rows.length),
    drift: column(drift),
    intervals: answer.intervals.map(({ lower, upper }, k) => ({
      level: INTERVAL_LEVELS[k]!,
      lower: Float64Array.from(lower),
      upper: Float64Array.from(upper),
    })),
    constantWidth: [],
  };
}

type Folds = ReturnType<typeof recordedFolds>['folds'];

function learnersQuestion(features: FeatureMatrix, folds: Folds): object {
  return {
    ...linear.defaults,
    ...FOREST_DEFAULTS,
    nColumns: features.X.nColumns,
    folds: folds.map(({ X, y, XTest }) => ({ X: base64(X.values), y: base64(y), XTest: base64(XTest.values) })),
  };
}

function seriesQuestion(features: FeatureMatrix, folds: Folds, ordinals: Int32Array): object {
  const rowOf = new Map(Array.from(sessionOrdinals(features.dates), (ordinal, row) => [ordinal, row]));
  return {
    window: DEFAULT_WINDOW,
    levels: INTERVAL_LEVELS,
    logPrices: base64(features.adjustedClose.map(Math.log)),
    folds: folds.map(({ from, to }) => ({
      origins: Array.from(ordinals.subarray(from, to), (ordinal) => rowOf.get(ordinal)!),
    })),
  };
}

/** The numbers as little-endian 64-bit floats, which is how the machines that this runs on hold them. */
function base64(values: Float64Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}
