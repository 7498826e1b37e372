import { workflowInfo } from '@temporalio/workflow';
import type { Instant } from '../domain/bar.ts';

/** When this run was due: its scheduled time where a schedule started it, in a backfill of it too; else its start. */
export function dueAt(): Instant {
  const { searchAttributes, startTime } = workflowInfo();
  const scheduled = searchAttributes.TemporalScheduledStartTime?.[0];
  return (scheduled instanceof Date ? scheduled : startTime).toISOString();
}
