import { proxyActivities } from '@temporalio/workflow';

/** The only activity: it does nothing. */
export interface NoOpActivities {
  noOp(): Promise<void>;
}

/** How many activities a run has, one after the other. */
export const N_ACTIVITIES = 8;

const { noOp } = proxyActivities<NoOpActivities>({ startToCloseTimeout: '1 min' });

/** Has nothing done, by way of the server each time. */
export async function noOps(): Promise<void> {
  for (let i = 0; i < N_ACTIVITIES; i++) await noOp();
}
