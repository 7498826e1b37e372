import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { Instant } from '../domain/bar.ts';
import { isSession, newYorkDate } from '../domain/calendar.ts';
import { isDueTime } from '../domain/due-times.ts';
import { runAttributes } from '../domain/run.ts';
import type { ScheduleNote, SkippedRun } from '../domain/scheduled-run.ts';

/**
 * Why a run that its schedule started has nothing to do on the day that it was due, if so: the exchange was closed. One
 * that a person triggered, at another time than those of the schedule, was asked for on purpose and does what it can.
 */
export function closedWhenDue(due: Instant): string | undefined {
  const date = newYorkDate(new Date(due));
  const { memo, searchAttributes } = workflowInfo();
  if (isSession(date) || searchAttributes.TemporalScheduledById === undefined) return undefined;
  const { times } = (memo ?? {}) as Partial<ScheduleNote>;
  if (times !== undefined && !isDueTime(due, times)) return undefined;
  return `the exchange is closed on ${date}`;
}

/** Ends a run that has nothing to do, so that it can be seen and searched for. */
export function skipped(reason: string): SkippedRun {
  upsertSearchAttributes(runAttributes({ stage: 'done', verdict: 'skipped' }));
  return { verdict: 'skipped', reason };
}
