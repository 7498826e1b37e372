import type { Parked } from '../domain/parking.ts';

/** Why a run is parked and what helps, as people and programs are shown it. */
export interface ParkedState {
  readonly stage: Parked['stage'];
  /** Of a failed gate; null otherwise. */
  readonly horizon: number | null;
  readonly code: string;
  readonly message: string;
  /** Whether it may go on as it is; if not, only a correction helps. */
  readonly acceptable: boolean;
  readonly since: string;
  readonly gives_up_at: string;
}

/** Why a run is parked, for answers. */
export function parkedState({ stage, horizon, code, message, acceptable, since, givesUpAt }: Parked): ParkedState {
  return { stage, horizon: horizon ?? null, code, message, acceptable, since, gives_up_at: givesUpAt };
}
