import { DEFAULT_PARKING } from '../../domain/parking.ts';
import type { RetrainingSettings } from '../../serving/retrain-restated.ts';

/** What workers of a test take for scheduled trainings. */
export const RETRAINING: RetrainingSettings = {
  seed: 7,
  trainingWindow: undefined,
  requireApproval: false,
  maxInFlight: 2,
  parking: DEFAULT_PARKING,
};
