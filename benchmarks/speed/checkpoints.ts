import { serialize } from 'node:v8';
import type { Checkpoints, State } from '../../models/checkpoints.ts';
import { randomForest } from '../../models/forest/random-forest.ts';
import { lstm } from '../../models/lstm/lstm.ts';
import type { ModelKind } from '../../models/model.ts';
import { CheckpointPace } from '../../workers/checkpoint-pace.ts';
import { CHECKPOINT_EVERY_MS } from '../../domain/training-limits.ts';
import { friedman } from '../accuracy/friedman.ts';
import { type Bench, type BenchOptions, type BenchReport, OURSELVES } from '../figure.ts';

const NAME = 'checkpoints';
const WITHOUT = 'without checkpoints';
const N_ROWS = 2500;
const N_COLUMNS = 20;

/** The defaults, which take a moment, and trainings of several seconds. */
const CASES: readonly { readonly kind: ModelKind; readonly label: string; readonly overrides: object }[] = [
  { kind: randomForest as unknown as ModelKind, label: 'forest, defaults', overrides: {} },
  {
    kind: randomForest as unknown as ModelKind,
    label: 'forest, 1000 full trees',
    overrides: { nTrees: 1000, maxDepth: null },
  },
  { kind: lstm as unknown as ModelKind, label: 'lstm, defaults', overrides: { patience: 30 } },
  { kind: lstm as unknown as ModelKind, label: 'lstm, 150 epochs', overrides: { epochs: 150, patience: 150 } },
];

/** What checkpoints cost a fit: the same one with and without them, and one checkpoint at its end by itself. */
export const checkpointsBench: Bench = {
  name: NAME,
  description: 'checkpoints of a training: computing time to fit with and without them, time and size of one',
  subjects: [OURSELVES, WITHOUT],
  run,
};

async function run({ repetitions, subjects }: BenchOptions, report: BenchReport): Promise<void> {
  const { X, y } = friedman(N_ROWS, N_COLUMNS, 1);
  for (const { kind, label, overrides } of CASES) {
    await kind.runtime?.load();
    const parameters = kind.parameters({ ...overrides, ...(kind.lookback === undefined ? {} : { lookback: 5 }) });
    const fit = (checkpoints?: Checkpoints) => {
      // Computing time, since what is looked for is smaller than what else goes on on the machine.
      const begun = process.cpuUsage();
      kind.fit(X, y, parameters, { seed: 1, ...(checkpoints === undefined ? {} : { checkpoints }) });
      const { user, system } = process.cpuUsage(begun);
      return (user + system) / 1000;
    };
    fit();
    for (let repetition = 0; repetition < repetitions; repetition++) {
      report.progress(`checkpoints: ${label}, ${repetition + 1} of ${repetitions}`);
      const figure = (subject: string, metric: string, value: number, unit: string) => {
        if (subjects?.includes(subject) ?? true)
          report.figure({ bench: NAME, case: label, subject, metric, value, unit });
      };
      const wanted = new Int32Array(new SharedArrayBuffer(4));
      const pace = new CheckpointPace(CHECKPOINT_EVERY_MS, wanted, performance.now());
      const offer = (state: () => State) => {
        if (pace.isDue(performance.now())) serialize(state());
      };
      figure(OURSELVES, 'fit_cpu_ms', fit({ offer }), 'ms');
      figure(WITHOUT, 'fit_cpu_ms', fit(), 'ms');
      const { ms, bytes } = largestCheckpoint((checkpoints) => fit(checkpoints));
      figure(OURSELVES, 'one_ms', ms, 'ms');
      figure(OURSELVES, 'one_kb', bytes / 1024, 'KB');
    }
  }
  report.note(
    `A checkpoint is made at most every ${CHECKPOINT_EVERY_MS / 1000} s, or every twentieth of the time computed so far if that is longer.`,
  );
}

/** The last one that a fit offers, which is the largest, and how long it takes to take it. */
function largestCheckpoint(fit: (checkpoints: Checkpoints) => void): { readonly ms: number; readonly bytes: number } {
  let nOffered = 0;
  fit({ offer: () => nOffered++ });
  let left = nOffered;
  let found = { ms: 0, bytes: 0 };
  fit({
    offer: (state) => {
      left--;
      if (left > 0) return;
      const begun = performance.now();
      const { length } = serialize(state());
      found = { ms: performance.now() - begun, bytes: length };
    },
  });
  return found;
}
