import { upsertSearchAttributes } from '@temporalio/workflow';
import type { SessionDate } from '../domain/bar.ts';
import { runAttributes } from '../domain/run.ts';
import type { SkippedRun } from '../domain/scheduled-run.ts';
import { dueAt } from './due-at.ts';
import { closedWhenDue, skipped } from './skipped-run.ts';
import { tellVerdict } from './verdict.ts';

/**
 * Frame of a run that is due each day: left out when the exchange was closed, its stage and end told as search attributes.
 * @param body is given from where to look: the as-of date that was asked for, or the instant that the run was due
 */
export async function dailyRun<T extends { readonly asOf: SessionDate }>(
  asked: SessionDate | undefined,
  stage: string,
  body: (at: string) => Promise<T>,
): Promise<T | SkippedRun> {
  const closed = asked === undefined ? closedWhenDue(dueAt()) : undefined;
  if (closed !== undefined) return skipped(closed);
  try {
    upsertSearchAttributes(runAttributes({ stage }));
    const result = await body(asked ?? dueAt());
    upsertSearchAttributes(runAttributes({ asOf: result.asOf, stage: 'done', verdict: 'completed' }));
    return result;
  } catch (error) {
    tellVerdict(error);
    throw error;
  }
}
