import { fileURLToPath } from 'node:url';
import { RandomForestRegression } from 'ml-random-forest';
import { randomForest } from '../../models/forest/random-forest.ts';
import { rowRange } from '../../models/matrix.ts';
import type { Matrix } from '../../models/model.ts';
import type { Problem } from '../accuracy/friedman.ts';
import { OURSELVES } from '../figure.ts';
import { LinePeer } from '../peers/line-peer.ts';
import { pythonEnvironment } from '../peers/python-environment.ts';
import { median } from '../table.ts';

/** What every subject is asked to grow, with a bootstrap sample per tree. */
export interface ForestTask {
  readonly nTrees: number;
  readonly minSamplesLeaf: number;
  /** Most splits from root to leaf, or no limit. */
  readonly maxDepth: number | null;
  /** Share of the features that a split looks at. */
  readonly maxFeatures: number;
  readonly seed: number;
}

/** What came of one task: the time of the fit, the median time of one row's prediction, and forecasts `[nTest]`. */
export interface ForestOutcome {
  readonly fitMs: number;
  readonly predictUs: number;
  readonly yHat: Float64Array;
}

/** One of those compared. */
export interface ForestSubject {
  readonly name: string;
  grow(train: Problem, test: Matrix, task: ForestTask): Promise<ForestOutcome>;
  close(): Promise<void>;
}

export const ML_RANDOM_FOREST = 'ml-random-forest';
const PYTHON_SUBJECTS = ['scikit-learn', 'LightGBM'] as const;

/** Names of all subjects, ourselves first. */
export const FOREST_SUBJECTS: readonly string[] = [OURSELVES, ...PYTHON_SUBJECTS, ML_RANDOM_FOREST];

/** Single predictions are timed up to this number and time, in the peers' own process too. */
const MOST_PREDICTIONS = 1000;
const PREDICTING_MS = 300;

/** Starts the subjects with these names; their owner closes them. */
export async function forestSubjects(
  names: readonly string[],
  progress: (text: string) => void,
): Promise<ForestSubject[]> {
  const python = PYTHON_SUBJECTS.some((name) => names.includes(name)) ? await pythonEnvironment(progress) : '';
  return names.map((name) => {
    if (name === OURSELVES) return { name, grow: growOurs, close: async () => {} };
    if (name === ML_RANDOM_FOREST) return { name, grow: growMlRandomForest, close: async () => {} };
    return pythonSubject(name, python);
  });
}

async function growOurs(train: Problem, test: Matrix, task: ForestTask): Promise<ForestOutcome> {
  const { seed, ...parametersAsked } = task;
  const parameters = randomForest.parameters(parametersAsked);
  const started = performance.now();
  const model = randomForest.fit(train.X, train.y, parameters, { seed });
  const fitMs = performance.now() - started;
  const yHat = model.predict(test);
  return { fitMs, yHat, predictUs: timeOfOne(test.nRows, (row) => model.predict(rowRange(test, row, row + 1))) };
}

/** Its features are drawn once for each tree, not for each split, and its leaf size is the largest that is not split. */
async function growMlRandomForest(train: Problem, test: Matrix, task: ForestTask): Promise<ForestOutcome> {
  const X = rowsOf(train.X);
  const y = [...train.y];
  const rows = rowsOf(test);
  const started = performance.now();
  const forest = new RandomForestRegression({
    nEstimators: task.nTrees,
    maxFeatures: task.maxFeatures,
    replacement: false,
    seed: task.seed,
    noOOB: true,
    treeOptions: { minNumSamples: task.minSamplesLeaf, ...(task.maxDepth === null ? {} : { maxDepth: task.maxDepth }) },
  });
  forest.train(X, y);
  const fitMs = performance.now() - started;
  const yHat = Float64Array.from(forest.predict(rows));
  return { fitMs, yHat, predictUs: timeOfOne(rows.length, (row) => forest.predict([rows[row]!])) };
}

function pythonSubject(name: string, python: string): ForestSubject {
  const script = fileURLToPath(new URL('../peers/forest_peer.py', import.meta.url));
  const peer = new LinePeer(name, python, [script, name]);
  return {
    name,
    grow: async (train, test, task) => {
      const data = {
        nColumns: test.nColumns,
        X: base64(train.X.values),
        y: base64(train.y),
        XTest: base64(test.values),
      };
      const { yHat, ...times } = await peer.ask<{ fitMs: number; predictUs: number; yHat: number[] }>({
        ...data,
        ...task,
      });
      return { ...times, yHat: Float64Array.from(yHat) };
    },
    close: () => peer.close(),
  };
}

/** Median time of one call in microseconds. */
function timeOfOne(nRows: number, predict: (row: number) => unknown): number {
  const times: number[] = [];
  for (let total = 0; times.length < MOST_PREDICTIONS && total < PREDICTING_MS; total += times.at(-1)!) {
    const started = performance.now();
    predict(times.length % nRows);
    times.push(performance.now() - started);
  }
  return median(times) * 1000;
}

function rowsOf({ nRows, nColumns, values }: Matrix): number[][] {
  return Array.from({ length: nRows }, (_, row) => [...values.subarray(row * nColumns, (row + 1) * nColumns)]);
}

/** The numbers as little-endian 64-bit floats, which is how the machines that this runs on hold them. */
function base64(values: Float64Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}
