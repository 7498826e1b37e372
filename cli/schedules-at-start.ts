import { applySchedules } from '../serving/schedules/apply-schedules.ts';
import { readSchedules } from '../serving/schedules/schedule-file.ts';
import { listSchedules, resumeSchedule } from '../serving/schedules/schedules.ts';
import type { Parts } from './parts.ts';

const WAITS = 'made by npm start, waits to be resumed';

/**
 * Applies the declared schedules as a start does, and says so in a line. New ones wait to be resumed; with `run` they
 * run, and so do those that an earlier start has left waiting. What a person paused stays paused.
 * @throws StockcastError SCHEDULES_INVALID, SCHEDULE_FOREIGN, TEMPORAL_UNAVAILABLE
 */
export async function applyAtStart(parts: Parts, run: boolean): Promise<string> {
  const declared = readSchedules(parts.settings().schedules.file);
  const [temporal, context] = [await parts.temporal(), parts.context()];
  await applySchedules(temporal, context, declared, run ? {} : { pausedBecause: WAITS });
  const names = declared.map(({ name }) => name);
  if (run) {
    const waiting = (await listSchedules(temporal, context, names)).filter(
      ({ paused, note }) => paused && note === WAITS,
    );
    for (const { name } of waiting) await resumeSchedule(temporal, context, name, 'asked for at the start');
  }
  const views = await listSchedules(temporal, context, names);
  const paused = views.filter((view) => view.paused).map(({ name }) => name);
  const running = views.filter((view) => !view.paused).map(({ name }) => name);
  const told = [
    ...(running.length === 0 ? [] : [`${running.join(', ')} running`]),
    ...(paused.length === 0 ? [] : [`${paused.join(', ')} paused (npx stockcast schedules resume)`]),
  ];
  return `schedules: ${told.join('; ') || 'none declared'}`;
}
