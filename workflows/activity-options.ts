import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

/** A database or an object store that is away comes back within minutes; a defect does not heal by trying for ever. */
const RETRY = {
  initialInterval: '500 ms',
  backoffCoefficient: 2,
  maximumInterval: '15 s',
  maximumAttempts: 40,
} as const;

/** Reading, validating and writing one ticker's history: seconds; a lost worker shows by its missing heartbeat. */
export const DATA_ACTIVITY: ActivityOptions = { startToCloseTimeout: '10 min', heartbeatTimeout: '10 s', retry: RETRY };

/** Fitting and evaluating one model: seconds to hours; heartbeats come from the main thread while threads compute. */
export const TRAINING_ACTIVITY: ActivityOptions = {
  startToCloseTimeout: '6 h',
  heartbeatTimeout: '10 s',
  retry: RETRY,
};

/** A few database statements. */
export const LIGHT_ACTIVITY: ActivityOptions = { startToCloseTimeout: '20 s', retry: RETRY };

/** The same within a workflow task, which the server hears of after 8 s at the latest: what takes longer goes its way. */
export const AT_HAND_ACTIVITY: LocalActivityOptions = { startToCloseTimeout: '5 s', retry: { maximumAttempts: 1 } };

/** Waiting for somebody else's run of the same work. */
export const WAITING_ACTIVITY: ActivityOptions = {
  startToCloseTimeout: '24 h',
  heartbeatTimeout: '10 s',
  retry: RETRY,
};

/** Drawing pictures, a second or two for all models: the run stands without them, so it does not wait for long. */
export const DRAWING_ACTIVITY: ActivityOptions = {
  startToCloseTimeout: '2 min',
  heartbeatTimeout: '10 s',
  retry: { ...RETRY, maximumAttempts: 8 },
};
