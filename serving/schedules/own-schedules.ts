import { type Client, type ScheduleDescription, ScheduleNotFoundError } from '@temporalio/client';
import { StockcastError } from '../../domain/errors.ts';
import type { TemporalGateway } from '../temporal-gateway.ts';
import { OWNER_FIELD, schedulePrefix } from './compile-schedule.ts';

/** Describing a schedule takes Temporal several seconds while it catches up after a start, many on a busy machine. */
const DEADLINE_MS = 60_000;

/** Calls Temporal about schedules. @throws StockcastError TEMPORAL_UNAVAILABLE */
export function onSchedules<T>(temporal: TemporalGateway, body: (client: Client) => Promise<T>): Promise<T> {
  return temporal.call(body, DEADLINE_MS);
}

/** Ids of the tenant's schedules as Temporal lists them, which may lag behind by a moment. */
export async function ownScheduleIds(temporal: TemporalGateway, tenant: string): Promise<string[]> {
  return onSchedules(temporal, async (client) => {
    const ids: string[] = [];
    for await (const { scheduleId, memo } of client.schedule.list()) {
      if (scheduleId.startsWith(schedulePrefix(tenant)) && memo?.[OWNER_FIELD] === tenant) ids.push(scheduleId);
    }
    return ids.sort();
  });
}

/** What Temporal says of a schedule; undefined where there is none. */
export async function describe(temporal: TemporalGateway, id: string): Promise<ScheduleDescription | undefined> {
  try {
    return await onSchedules(temporal, (client) => client.schedule.getHandle(id).describe());
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

/** @throws StockcastError SCHEDULE_FOREIGN */
export function requireOurs({ scheduleId, memo }: ScheduleDescription, tenant: string): void {
  if (memo?.[OWNER_FIELD] !== tenant) throw new StockcastError('SCHEDULE_FOREIGN', { schedule: scheduleId });
}
