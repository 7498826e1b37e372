import {
  CancellationScope,
  ContinueAsNew,
  isCancellation,
  patched,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { runAttributes } from '../domain/run.ts';

/**
 * Tells by a search attribute how a run ends that does not complete, before the error goes on.
 * @param tellsCancelled whether this execution tells of a cancellation: runs of earlier releases may not have
 */
export function tellVerdict(error: unknown, tellsCancelled: () => boolean = () => true): void {
  if (error instanceof ContinueAsNew) return;
  // Where only something below was called off, the run itself fails over it.
  const isCancelled = isCancellation(error) && CancellationScope.current().consideredCancelled;
  if (!(isCancelled ? tellsCancelled() : patched('failure-has-verdict'))) return;
  upsertSearchAttributes(runAttributes({ verdict: isCancelled ? 'cancelled' : 'failed' }));
}
