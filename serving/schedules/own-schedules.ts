import { type Client, type ScheduleDescription, ScheduleNotFoundError } from '@temporalio/client';
import { StockcastError } from '../../domain/errors.ts';
import type { TemporalGateway } from '../temporal-gateway.ts';
import { OWNER_FIELD, schedulePrefix } from './compile-schedule.ts';

/**
 * What a schedule is like, Temporal asks the schedule's own workflow. While it catches up after a start that takes
 * seconds, 13 on a busy machine; and a question handed to a worker of before is lost, which is heard of only when its time
 * is up.
 */
const DEADLINE_MS = 20_000;
const TIMES = 3;

/** Calls Temporal about schedules. @throws StockcastError TEMPORAL_UNAVAILABLE */
export function onSchedules<T>(temporal: TemporalGateway, body: (client: Client) => Promise<T>): Promise<T> {
  return temporal.call(body, DEADLINE_MS);
}

/** As `onSchedules`, again where no answer comes: for what may be done twice. @throws StockcastError TEMPORAL_UNAVAILABLE */
export function onSchedulesAgain<T>(temporal: TemporalGateway, body: (client: Client) => Promise<T>): Promise<T> {
  return temporal.callAgain(body, DEADLINE_MS, TIMES);
}

/** Ids of the tenant's schedules as Temporal lists them, which may lag behind by a moment. */
export async function ownScheduleIds(temporal: TemporalGateway, tenant: string): Promise<string[]> {
  return onSchedulesAgain(temporal, async (client) => {
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
    return await onSchedulesAgain(temporal, (client) => client.schedule.getHandle(id).describe());
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

/** @throws StockcastError SCHEDULE_FOREIGN */
export function requireOurs({ scheduleId, memo }: ScheduleDescription, tenant: string): void {
  if (memo?.[OWNER_FIELD] !== tenant) throw new StockcastError('SCHEDULE_FOREIGN', { schedule: scheduleId });
}
