import type { DeclaredSchedule } from '../../serving/schedules/schedule-file.ts';

/** A declared schedule as tests need it: each weekday at 18:30, one run after the other, unless told otherwise. */
export function scheduleEntry(changes: Partial<DeclaredSchedule> = {}): DeclaredSchedule {
  return {
    name: 'retrain',
    workflow: 'retrain',
    purpose: 'Trains what a test asks for',
    times: [{ dayOfWeek: { start: 'MONDAY', end: 'FRIDAY' }, hour: 18, minute: 30 }],
    jitter: { upTo: 0, because: 'nobody else waits' },
    overlap: { policy: 'BUFFER_ALL', because: 'each day gets its run' },
    catchUp: { within: 3_600_000, because: 'an hour is enough' },
    input: {},
    ...changes,
  };
}
