import { POSTGRES, TEMPORAL } from '../../infra/stack/part.ts';
import { seededRandom } from '../../models/random.ts';

/** The processes of the local stack that are killed, by their names in it. */
export const VICTIMS: readonly string[] = [
  'worker (training)',
  'worker (data and orchestration)',
  'API',
  TEMPORAL,
  POSTGRES,
];

/** Nothing is planned for the last part of a run, so that it is not over before the last kill. */
const LATEST = 0.85;
const LONGEST_PAUSE_MS = 400;

/** One kill: whom, and when. */
export interface Kill {
  readonly victim: string;
  /** The share of the run's work that is done by then, from 0 to 1. */
  readonly at: number;
  /** How long is waited after that: progress shows just when something was entered, and kills are to come between, too. */
  readonly pauseMs: number;
}

/** Draws kills in their order; every victim is among the first ones once. @param count at least as many as victims */
export function killPlan(seed: number, count: number): Kill[] {
  const random = seededRandom(seed);
  const left = [...VICTIMS];
  const first = VICTIMS.map(() => left.splice(random.nextInt(left.length), 1)[0]!);
  const times = Array.from({ length: count }, () => random.next() * LATEST).sort((a, b) => a - b);
  return times.map((at, i) => ({
    victim: first[i] ?? VICTIMS[random.nextInt(VICTIMS.length)]!,
    at,
    pauseMs: random.nextInt(LONGEST_PAUSE_MS),
  }));
}
