import type { ScheduleDescription, ScheduleOptions } from '@temporalio/client';
import { decodeScheduleSpec, encodeScheduleSpec } from '@temporalio/client/lib/schedule-helpers.js';
import { EXCHANGE_TIME_ZONE } from '../../domain/due-times.ts';
import { type Json, canonicalJson } from '../../domain/identity.ts';
import { QUEUES, runAttributes } from '../../domain/run.ts';
import type { ScheduleNote } from '../../domain/scheduled-run.ts';
import type { DeclaredSchedule } from './schedule-file.ts';

/** What Temporal is told of a schedule, without its state. */
export type CompiledSchedule = Required<Pick<ScheduleOptions, 'scheduleId' | 'spec' | 'action' | 'policies'>>;

/** Field of the memo of a schedule that tells it from those of others; its value is the tenant. */
export const OWNER_FIELD = 'stockcastTenant';

/** What the ids of a tenant's schedules begin with. */
export function schedulePrefix(tenant: string): string {
  return `stockcast/${tenant}/`;
}

/** The id of a tenant's schedule, as Temporal's own tools take it. */
export function scheduleId(tenant: string, name: string): string {
  return `${schedulePrefix(tenant)}${name}`;
}

/** Translates a declared schedule of a tenant into what Temporal is told. */
export function compileSchedule(tenant: string, declared: DeclaredSchedule): CompiledSchedule {
  const { name, workflow, purpose, times, jitter, overlap, catchUp, input } = declared;
  const note: ScheduleNote = {
    ...{ schedule: name, purpose, times },
    because: { jitter: jitter.because, overlap: overlap.because, catchUp: catchUp.because },
  };
  return {
    scheduleId: scheduleId(tenant, name),
    spec: {
      // Copies, since the client's types know no read-only arrays.
      calendars: times.map((each) => ({ ...each, comment: purpose })) as never,
      timezone: EXCHANGE_TIME_ZONE,
      jitter: jitter.upTo,
    },
    action: {
      type: 'startWorkflow',
      workflowType: workflow,
      taskQueue: QUEUES.orchestration,
      // Temporal adds a dash and the time that the run was due.
      workflowId: `${name}/${tenant}/due`,
      args: [{ version: 1, context: { tenant, principal: `schedule/${name}` }, ...input }],
      memo: { ...note },
      typedSearchAttributes: runAttributes({ stage: 'waiting' }),
    },
    policies: { overlap: overlap.policy, catchupWindow: catchUp.within, pauseOnFailure: false },
  };
}

/** Whether a schedule on Temporal is as it would be compiled now, whoever has changed it since. */
export function isAsCompiled(description: ScheduleDescription, { spec, action, policies }: CompiledSchedule): boolean {
  const { workflowType, taskQueue, workflowId, args, memo, typedSearchAttributes } = action;
  const { state: _, ...there } = description;
  const wanted = {
    spec: decodeScheduleSpec(encodeScheduleSpec(spec)),
    action: { workflowType, taskQueue, workflowId, args, memo, typedSearchAttributes },
    policies,
  };
  const found = {
    spec: there.spec,
    action: {
      workflowType: there.action.workflowType,
      taskQueue: there.action.taskQueue,
      workflowId: there.action.workflowId,
      args: there.action.args,
      memo: there.action.memo,
      typedSearchAttributes: there.action.typedSearchAttributes,
    },
    policies: there.policies,
  };
  return asText(wanted) === asText(found);
}

// Through JSON, which drops what is absent.
function asText(value: unknown): string {
  return canonicalJson(JSON.parse(JSON.stringify(value)) as Json);
}
