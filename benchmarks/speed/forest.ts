import { friedman } from '../accuracy/friedman.ts';
import { rSquared } from '../accuracy/r-squared.ts';
import type { Bench, BenchOptions, BenchReport } from '../figure.ts';
import { FOREST_SUBJECTS, type ForestSubject, forestSubjects, ML_RANDOM_FOREST } from './forest-subjects.ts';

const NAME = 'forest';
const N_TEST = 1000;
const TASK = { nTrees: 100, minSamplesLeaf: 5 } as const;

/** The last are the forests of a walk-forward evaluation: a fold of one ticker, and of many tickers together. */
const SERIES = [
  { label: 'max_features 1/3', maxFeatures: 1 / 3, maxDepth: null, nFeatures: 16, sizes: [250, 1000, 2500] },
  { label: 'max_features 1.0', maxFeatures: 1, maxDepth: null, nFeatures: 16, sizes: [250, 1000, 2500] },
  { label: 'max_features 1/3, depth 3', maxFeatures: 1 / 3, maxDepth: 3, nFeatures: 12, sizes: [504, 2000, 13_000] },
] as const;

/** ml-random-forest fits in time that grows with the square of the rows: what may last longer is left out. */
const LONGEST_FIT_MS = 30_000;
/** What lasts longer than this is measured only once. */
const SLOW_FIT_MS = 3_000;

/**
 * This forest beside its peers on Friedman #1 with noise: the same rows, trees, leaf size, depth and features per split
 * for all. Each repetition draws new rows, and all subjects take their turn on them before the next begins.
 */
export const forestBench: Bench = {
  name: NAME,
  description: 'random forest: time to fit, time of one prediction, R2 on unseen rows',
  subjects: FOREST_SUBJECTS,
  run,
};

async function run(options: BenchOptions, report: BenchReport): Promise<void> {
  const names = FOREST_SUBJECTS.filter((name) => options.subjects?.includes(name) ?? true);
  const subjects = await forestSubjects(names, (text) => report.progress(text));
  try {
    await warmUp(subjects);
    for (const { label, maxFeatures, maxDepth, nFeatures, sizes } of SERIES) {
      const lastFits = new Map<string, { readonly nRows: number; readonly fitMs: number }>();
      for (const nRows of sizes) {
        const patient = options.full ? subjects : withinTime(subjects, nRows, label, lastFits, report);
        for (let repetition = 0; repetition < options.repetitions; repetition++) {
          report.progress(`forest: ${nRows} rows, ${label}, repetition ${repetition + 1} of ${options.repetitions}`);
          const train = friedman(nRows, nFeatures, 2 * repetition);
          const test = friedman(N_TEST, nFeatures, 2 * repetition + 1);
          for (const subject of patient) {
            const last = lastFits.get(subject.name);
            if (last?.nRows === nRows && last.fitMs > SLOW_FIT_MS) continue;
            const task = { ...TASK, maxFeatures, maxDepth, seed: repetition };
            const outcome = await subject.grow(train, test.X, task);
            lastFits.set(subject.name, { nRows, fitMs: outcome.fitMs });
            const figure = { bench: NAME, case: `${nRows} rows, ${label}`, subject: subject.name };
            report.figure({ ...figure, metric: 'fit_ms', value: outcome.fitMs, unit: 'ms' });
            report.figure({ ...figure, metric: 'predict_us', value: outcome.predictUs, unit: 'us' });
            report.figure({ ...figure, metric: 'test_r2', value: rSquared(test.y, outcome.yHat), unit: '' });
          }
        }
      }
    }
    explain(subjects, report);
  } finally {
    await Promise.all(subjects.map((subject) => subject.close()));
  }
}

/** Lets everyone load and compile its code before time is taken. */
async function warmUp(subjects: readonly ForestSubject[]): Promise<void> {
  const { X, y } = friedman(100, 16, 1);
  const task = { ...TASK, nTrees: 20, maxFeatures: 1, maxDepth: null, seed: 1 };
  for (const subject of subjects) await subject.grow({ X, y }, X, task);
}

/** The subjects that will be done in time, going by what ml-random-forest took for fewer rows. */
function withinTime(
  subjects: readonly ForestSubject[],
  nRows: number,
  label: string,
  lastFits: ReadonlyMap<string, { readonly nRows: number; readonly fitMs: number }>,
  report: BenchReport,
): readonly ForestSubject[] {
  const last = lastFits.get(ML_RANDOM_FOREST);
  const expectedMs = last === undefined ? 0 : last.fitMs * (nRows / last.nRows) ** 2;
  if (expectedMs <= LONGEST_FIT_MS) return subjects;
  const expected = Math.round(expectedMs / 1000);
  report.note(
    `${ML_RANDOM_FOREST} left out at ${nRows} rows, ${label}: a fit would take about ${expected} s; use --full.`,
  );
  return subjects.filter((subject) => subject.name !== ML_RANDOM_FOREST);
}

function explain(subjects: readonly ForestSubject[], report: BenchReport): void {
  report.note('medians over the repetitions; a ratio is to stockcast, so above 1x a time is slower than ours.');
  if (subjects.some((subject) => subject.name === ML_RANDOM_FOREST)) {
    report.note(`${ML_RANDOM_FOREST} draws features once per tree; a fit above ${SLOW_FIT_MS / 1000} s is done once.`);
  }
}
