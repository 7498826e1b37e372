import { continueAsNew } from '@temporalio/workflow';

/** Goes on as a new run once. */
export async function goOn(isSecond = false): Promise<string> {
  return isSecond ? 'ended' : continueAsNew<typeof goOn>(true);
}
