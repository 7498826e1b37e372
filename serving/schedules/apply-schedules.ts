import { type Client, ScheduleAlreadyRunning, type ScheduleDescription } from '@temporalio/client';
import type { Context } from '../../domain/context.ts';
import type { TemporalGateway } from '../temporal-gateway.ts';
import {
  type CompiledSchedule,
  OWNER_FIELD,
  compileSchedule,
  isAsCompiled,
  schedulePrefix,
} from './compile-schedule.ts';
import { describe, onSchedules, onSchedulesAgain, ownScheduleIds, requireOurs } from './own-schedules.ts';
import type { DeclaredSchedule } from './schedule-file.ts';

/** What applying did, or would do, to one schedule. */
export interface AppliedSchedule {
  readonly name: string;
  /** As Temporal's own tools take it. */
  readonly schedule_id: string;
  readonly change: 'created' | 'updated' | 'unchanged' | 'removed';
  readonly paused: boolean;
}

/** How schedules are applied. */
export interface ApplyOptions {
  /** Only says what would be done. */
  readonly dryRun?: boolean;
  /** The note of a pause that new schedules begin with; without it they run. Those that are there stay as they are. */
  readonly pausedBecause?: string;
}

/**
 * Makes the tenant's schedules on Temporal those that are declared: missing ones are created, others are updated where
 * they differ, those that are declared no longer are removed. Whether one is paused stays as it is. Schedules of others
 * are left alone.
 * @throws StockcastError SCHEDULE_FOREIGN when an id is taken by a schedule that is not ours, TEMPORAL_UNAVAILABLE
 */
export async function applySchedules(
  temporal: TemporalGateway,
  { tenant }: Context,
  declared: readonly DeclaredSchedule[],
  options: ApplyOptions = {},
): Promise<AppliedSchedule[]> {
  const wanted = declared.map((each) => ({ name: each.name, compiled: compileSchedule(tenant, each) }));
  const there = await Promise.all(wanted.map(({ compiled }) => describe(temporal, compiled.scheduleId)));
  // Before anything is changed.
  for (const description of there) if (description !== undefined) requireOurs(description, tenant);
  const applied: AppliedSchedule[] = [];
  for (const [i, { name, compiled }] of wanted.entries()) {
    const result = await applyOne(temporal, tenant, compiled, there[i], options);
    applied.push({ name, schedule_id: compiled.scheduleId, ...result });
  }
  for (const id of await ownScheduleIds(temporal, tenant)) {
    if (wanted.some(({ compiled }) => compiled.scheduleId === id)) continue;
    // The list lags behind: what it names may be gone.
    const description = await describe(temporal, id);
    if (description === undefined) continue;
    if (options.dryRun !== true) await onSchedules(temporal, (client) => client.schedule.getHandle(id).delete());
    const { paused } = description.state;
    applied.push({ name: id.slice(schedulePrefix(tenant).length), schedule_id: id, change: 'removed', paused });
  }
  return applied;
}

async function applyOne(
  temporal: TemporalGateway,
  tenant: string,
  compiled: CompiledSchedule,
  there: ScheduleDescription | undefined,
  { dryRun = false, pausedBecause }: ApplyOptions,
): Promise<Pick<AppliedSchedule, 'change' | 'paused'>> {
  if (there === undefined) {
    const paused = pausedBecause !== undefined;
    if (dryRun) return { change: 'created', paused };
    const state = paused ? { paused, note: pausedBecause } : {};
    try {
      await onSchedules(temporal, (client) =>
        client.schedule.create({ ...compiled, memo: { [OWNER_FIELD]: tenant }, state }),
      );
      return { change: 'created', paused };
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
    // Somebody else applied a moment before.
    const made = await describe(temporal, compiled.scheduleId);
    if (made !== undefined) requireOurs(made, tenant);
    return applyOne(temporal, tenant, compiled, made, {
      dryRun,
      ...(pausedBecause === undefined ? {} : { pausedBecause }),
    });
  }
  const { paused } = there.state;
  if (isAsCompiled(there, compiled)) return { change: 'unchanged', paused };
  if (!dryRun) await onSchedulesAgain(temporal, (client) => update(client, compiled));
  return { change: 'updated', paused };
}

function update(client: Client, { scheduleId, spec, action, policies }: CompiledSchedule): Promise<void> {
  return client.schedule.getHandle(scheduleId).update(({ state }) => ({ spec, action, policies, state }));
}
