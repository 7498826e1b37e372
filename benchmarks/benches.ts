import { accuracyBench } from './accuracy/accuracy.ts';
import { driftBench } from './accuracy/drift.ts';
import { gateBench } from './accuracy/gate.ts';
import { intervalsBench } from './accuracy/intervals.ts';
import { trainingWindowBench } from './accuracy/training-window.ts';
import type { Bench } from './figure.ts';
import { scaleBench } from './scale/scale.ts';
import { checkpointsBench } from './speed/checkpoints.ts';
import { backfillBench } from './speed/backfill.ts';
import { forestBench } from './speed/forest.ts';
import { lstmBench } from './speed/lstm.ts';
import { servingBench } from './speed/serving.ts';
import { storesBench } from './speed/stores.ts';

/** Every bench that can be run by name. */
export const BENCHES: readonly Bench[] = [
  forestBench,
  lstmBench,
  servingBench,
  storesBench,
  scaleBench,
  checkpointsBench,
  backfillBench,
  accuracyBench,
  trainingWindowBench,
  intervalsBench,
  gateBench,
  driftBench,
];

/**
 * The bench with this name.
 * @throws Error naming those that exist
 */
export function benchNamed(name: string): Bench {
  const bench = BENCHES.find((known) => known.name === name);
  if (bench !== undefined) return bench;
  throw new Error(`There is no bench "${name}". There are: ${BENCHES.map((known) => known.name).join(', ')}.`);
}
