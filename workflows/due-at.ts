import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { Instant, SessionDate } from '../domain/bar.ts';
import { latestClosedSession, latestSessionOn } from '../domain/calendar.ts';
import { StockcastError } from '../domain/errors.ts';

/** When this run was due: its scheduled time where a schedule started it, in a backfill of it too; else its start. */
export function dueAt(): Instant {
  const { searchAttributes, startTime } = workflowInfo();
  const scheduled = searchAttributes.TemporalScheduledStartTime?.[0];
  return (scheduled instanceof Date ? scheduled : startTime).toISOString();
}

/** The newest session of a date that was asked for, else the newest one that had closed when the run was due. */
export function sessionWhenDue(asked: SessionDate | undefined, due: Instant): SessionDate {
  try {
    return asked === undefined ? latestClosedSession(new Date(due)) : latestSessionOn(asked);
  } catch (error) {
    // Thrown as it is, it would count as a defect of the workflow, which is tried again for ever.
    if (error instanceof StockcastError) throw ApplicationFailure.nonRetryable(error.message, error.code);
    throw error;
  }
}
