import {
  type Client,
  type ScheduleDescription,
  type ScheduleHandle,
  ScheduleOverlapPolicy,
  type WorkflowExecutionInfo,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { Context } from '../../domain/context.ts';
import { EXCHANGE_TIME_ZONE } from '../../domain/due-times.ts';
import { StockcastError } from '../../domain/errors.ts';
import { failureReason } from '../../domain/failure-reason.ts';
import type { ScheduleNote, SkippedRun } from '../../domain/scheduled-run.ts';
import type { TemporalGateway } from '../temporal-gateway.ts';
import { scheduleId, schedulePrefix } from './compile-schedule.ts';
import { describe, onSchedules, ownScheduleIds, requireOurs } from './own-schedules.ts';
import { SCHEDULE_NAME } from './schedule-file.ts';

/** A run that a schedule has started. */
export interface ScheduledRun {
  readonly run_id: string;
  /** When it was due: in a backfill, back then. */
  readonly due_at: string | null;
  readonly started_at: string;
  readonly status: string;
  /** What its search attributes say: the session that it was for, and how it came out. */
  readonly as_of: string | null;
  readonly verdict: string | null;
  /** Why it was skipped or failed. */
  readonly reason: string | null;
  readonly ui: string | null;
}

/** A schedule as people and programs are shown it. */
export interface ScheduleView {
  readonly name: string;
  readonly schedule_id: string;
  readonly workflow: string;
  readonly purpose: string;
  readonly paused: boolean;
  /** What was said when it was paused or resumed. */
  readonly note: string | null;
  readonly time_zone: string;
  /** The next due times, jitter included; also told of a paused schedule. */
  readonly next: readonly string[];
  readonly taken: number;
  readonly skipped_for_overlap: number;
  readonly missed_catch_up: number;
}

/** A schedule with its policies, their reasons, its input and its newest runs. */
export interface ScheduleDetails extends ScheduleView {
  readonly jitter_ms: number;
  readonly overlap: string;
  readonly catch_up_ms: number;
  /** Why they are as they are. */
  readonly because: { readonly jitter: string; readonly overlap: string; readonly catch_up: string };
  readonly times: ScheduleNote['times'];
  readonly input: unknown;
  readonly runs: readonly ScheduledRun[];
}

const SHOWN_TIMES = 5;
const SHOWN_RUNS = 10;

/**
 * The tenant's schedules by name. One that was made or removed a moment ago may be missing or still there unless
 * `names` are given: Temporal's list lags behind.
 * @throws StockcastError TEMPORAL_UNAVAILABLE
 */
export async function listSchedules(
  temporal: TemporalGateway,
  { tenant }: Context,
  names: readonly string[] = [],
): Promise<ScheduleView[]> {
  const listed = await ownScheduleIds(temporal, tenant);
  const ids = [...new Set([...names.map((name) => scheduleId(tenant, name)), ...listed])].sort();
  const found = await Promise.all(ids.map((id) => describe(temporal, id)));
  return found.flatMap((each) => (each === undefined ? [] : [viewOf(each, tenant)]));
}

/**
 * One schedule with its newest runs.
 * @throws StockcastError SCHEDULE_UNKNOWN, TEMPORAL_UNAVAILABLE
 */
export async function describeSchedule(
  temporal: TemporalGateway,
  context: Context,
  name: string,
): Promise<ScheduleDetails> {
  const description = await known(temporal, context, name);
  // Somebody may have changed it by hand and left these out.
  const { because, times = [] } = (description.action.memo ?? {}) as Partial<ScheduleNote>;
  const { jitter = '', overlap = '', catchUp = '' } = because ?? {};
  return {
    ...viewOf(description, context.tenant),
    jitter_ms: description.spec.jitter ?? 0,
    overlap: description.policies.overlap ?? ScheduleOverlapPolicy.SKIP,
    catch_up_ms: description.policies.catchupWindow,
    because: { jitter, overlap, catch_up: catchUp },
    times,
    input: description.action.args?.[0],
    runs: await runsOf(temporal, description.scheduleId),
  };
}

/** @throws StockcastError SCHEDULE_UNKNOWN, TEMPORAL_UNAVAILABLE */
export async function pauseSchedule(
  temporal: TemporalGateway,
  context: Context,
  name: string,
  note: string,
): Promise<ScheduleView> {
  return changed(temporal, context, name, (handle) => handle.pause(note));
}

/** @throws StockcastError SCHEDULE_UNKNOWN, TEMPORAL_UNAVAILABLE */
export async function resumeSchedule(
  temporal: TemporalGateway,
  context: Context,
  name: string,
  note: string,
): Promise<ScheduleView> {
  return changed(temporal, context, name, (handle) => handle.unpause(note));
}

/**
 * Starts a run now, beside those that are due, also of a paused schedule. The overlap policy of the schedule holds.
 * @throws StockcastError SCHEDULE_UNKNOWN, TEMPORAL_UNAVAILABLE
 */
export async function triggerSchedule(
  temporal: TemporalGateway,
  context: Context,
  name: string,
): Promise<ScheduleView> {
  return changed(temporal, context, name, (handle, { policies }) => handle.trigger(policies.overlap));
}

async function changed(
  temporal: TemporalGateway,
  context: Context,
  name: string,
  change: (handle: ScheduleHandle, description: ScheduleDescription) => Promise<void>,
): Promise<ScheduleView> {
  const before = await known(temporal, context, name);
  await onSchedules(temporal, (client) => change(client.schedule.getHandle(before.scheduleId), before));
  return viewOf(await known(temporal, context, name), context.tenant);
}

async function known(temporal: TemporalGateway, context: Context, name: string): Promise<ScheduleDescription> {
  const { tenant } = context;
  const description = SCHEDULE_NAME.test(name) ? await describe(temporal, scheduleId(tenant, name)) : undefined;
  if (description === undefined) {
    const names = (await ownScheduleIds(temporal, tenant)).map((id) => id.slice(schedulePrefix(tenant).length));
    throw new StockcastError('SCHEDULE_UNKNOWN', { schedule: name, known: names.length === 0 ? 'none yet' : names });
  }
  requireOurs(description, tenant);
  return description;
}

function viewOf({ scheduleId: id, action, spec, state, info }: ScheduleDescription, tenant: string): ScheduleView {
  return {
    name: id.slice(schedulePrefix(tenant).length),
    schedule_id: id,
    workflow: action.workflowType,
    purpose: (action.memo as ScheduleNote | undefined)?.purpose ?? '',
    paused: state.paused,
    note: state.note || null,
    time_zone: spec.timezone ?? EXCHANGE_TIME_ZONE,
    next: info.nextActionTimes.slice(0, SHOWN_TIMES).map((time) => time.toISOString()),
    taken: info.numActionsTaken,
    skipped_for_overlap: info.numActionsSkippedOverlap,
    missed_catch_up: info.numActionsMissedCatchupWindow,
  };
}

/** The newest runs of a schedule, newest first, as Temporal lists them a moment later. */
async function runsOf(temporal: TemporalGateway, id: string): Promise<ScheduledRun[]> {
  return onSchedules(temporal, async (client) => {
    const found: WorkflowExecutionInfo[] = [];
    const query = `TemporalScheduledById = "${id}"`;
    for await (const run of client.workflow.list({ query, pageSize: SHOWN_RUNS })) {
      found.push(run);
      if (found.length >= SHOWN_RUNS) break;
    }
    return Promise.all(
      found.map(async (run) => {
        const attribute = (key: string) => (run.searchAttributes[key]?.[0] ?? null) as string | Date | null;
        const dueAt = attribute('TemporalScheduledStartTime');
        const [status, verdict] = [run.status.name.toLowerCase(), attribute('StockcastVerdict') as string | null];
        return {
          run_id: run.workflowId,
          due_at: dueAt === null ? null : new Date(dueAt).toISOString(),
          started_at: run.startTime.toISOString(),
          status,
          as_of: attribute('StockcastAsOf') as string | null,
          verdict,
          reason: verdict === 'skipped' || status === 'failed' ? await reasonOf(client, run) : null,
          ui: temporal.uiLink(run.workflowId),
        };
      }),
    );
  });
}

async function reasonOf(client: Client, { workflowId, runId }: WorkflowExecutionInfo): Promise<string | null> {
  try {
    const result: unknown = await client.workflow.getHandle(workflowId, runId).result();
    return (result as Partial<SkippedRun> | null)?.reason ?? null;
  } catch (error) {
    // Temporal forgets what ended long ago.
    if (error instanceof WorkflowNotFoundError) return null;
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { code, message } = failureReason(error);
    return `${code}: ${message}`;
  }
}
