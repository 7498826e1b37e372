import { judgeUniverse, type Outcome } from './gate-universe.ts';
import type { UniverseOptions } from './simulated-universe.ts';

/** Judges one universe; called by the thread pool. */
export default function run(options: UniverseOptions): Outcome[] {
  return judgeUniverse(options);
}
