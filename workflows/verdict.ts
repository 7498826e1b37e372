import { ContinueAsNew, isCancellation, patched, upsertSearchAttributes } from '@temporalio/workflow';
import { runAttributes } from '../domain/run.ts';

/**
 * Tells by a search attribute how a run ends that does not complete, before the error goes on.
 * @param tellsCancelled whether this execution tells of a cancellation: runs of earlier releases may not have
 */
export function tellVerdict(error: unknown, tellsCancelled: () => boolean = () => true): void {
  if (error instanceof ContinueAsNew) return;
  const isCancelled = isCancellation(error);
  if (!(isCancelled ? tellsCancelled() : patched('failure-has-verdict'))) return;
  upsertSearchAttributes(runAttributes({ verdict: isCancelled ? 'cancelled' : 'failed' }));
}
