import { isSession, newYorkDate } from '../../domain/calendar.ts';
import type { DuePart, DueTimes } from '../../domain/due-times.ts';
import type { AppliedSchedule } from '../../serving/schedules/apply-schedules.ts';
import type { ScheduleDetails, ScheduleView, ScheduledRun } from '../../serving/schedules/schedules.ts';
import type { Colors } from '../output.ts';
import { count } from './count.ts';
import { plainTable } from './plain-table.ts';
import { instant } from './run-tables.ts';

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** What applying did to each schedule, or would do. */
export function appliedText(applied: readonly AppliedSchedule[], dryRun: boolean): string {
  if (applied.length === 0) return 'the file declares no schedules, and there are none';
  const lines = applied.map(({ name, change, paused }) => {
    const state = change !== 'removed' && paused ? `, paused (npx stockcast schedules resume ${name})` : '';
    return `${name}: ${dryRun && change !== 'unchanged' ? 'would be ' : ''}${change}${state}`;
  });
  return lines.join('\n');
}

/** The schedules, one a line. */
export function scheduleList(schedules: readonly ScheduleView[], colors: Colors): string {
  if (schedules.length === 0) return 'There are no schedules yet: npx stockcast schedules apply';
  const columns = [
    { heading: 'schedule' },
    { heading: 'workflow' },
    { heading: 'state' },
    { heading: 'next due' },
    { heading: 'runs', align: 'right' as const },
  ];
  const rows = schedules.map((each) => [
    each.name,
    each.workflow,
    each.paused ? colors.yellow('paused') : colors.green('running'),
    each.paused || each.next[0] === undefined ? '' : instant(each.next[0]),
    String(each.taken),
  ]);
  return plainTable(columns, rows, colors);
}

/** One schedule: when, how, why, and its newest runs. */
export function scheduleDetails(schedule: ScheduleDetails, colors: Colors): string {
  const { because } = schedule;
  const missed = `${schedule.skipped_for_overlap} skipped for overlap, ${schedule.missed_catch_up} not caught up`;
  const lines = [
    `${colors.bold(schedule.name)}  ${schedule.purpose}`,
    `  state     ${schedule.paused ? colors.yellow('paused') : colors.green('running')}${schedule.note === null ? '' : ` (${schedule.note})`}`,
    `  due       ${schedule.times.map(timesInWords).join(' and ')}, ${schedule.time_zone}`,
    `  jitter    up to ${duration(schedule.jitter_ms)}: ${because.jitter}`,
    `  overlap   ${schedule.overlap}: ${because.overlap}`,
    `  catch-up  within ${duration(schedule.catch_up_ms)}: ${because.catch_up}`,
    `  starts    ${schedule.workflow} with ${JSON.stringify(schedule.input)}`,
    `  so far    ${count(schedule.taken, 'run')}; ${missed}`,
    `  next      ${schedule.next.map(nextInWords).join(', ')}${schedule.paused ? ' (once resumed)' : ''}`,
    `  temporal  npx stockcast temporal schedule describe --schedule-id ${schedule.schedule_id}`,
  ];
  if (schedule.runs.length === 0) return [...lines, '  no runs yet'].join('\n');
  const columns = [{ heading: '  run' }, { heading: 'due' }, { heading: 'as of' }, { heading: 'status' }];
  const rows = schedule.runs.map((run) => [
    `  ${run.run_id}`,
    run.due_at === null ? '' : instant(run.due_at),
    run.as_of ?? '',
    statusInWords(run),
  ]);
  return [...lines, plainTable(columns, rows, colors)].join('\n');
}

function statusInWords({ status, verdict, reason }: ScheduledRun): string {
  const how = verdict === null || verdict === status ? status : `${status}, ${verdict}`;
  return reason === null ? how : `${how}: ${reason}`;
}

function nextInWords(time: string): string {
  return `${instant(time)}${isSession(newYorkDate(new Date(time))) ? '' : ' (skipped: the exchange is closed)'}`;
}

function timesInWords({ dayOfWeek = '*', hour = 0, minute = 0, second = 0 }: DueTimes): string {
  const clock = second === 0 ? [hour, minute] : [hour, minute, second];
  const days = dayOfWeek === '*' ? 'daily' : partInWords(dayOfWeek);
  return `${days} at ${clock.map((part) => partInWords(part).padStart(2, '0')).join(':')}`;
}

function partInWords(part: DuePart<string | number>): string {
  const ranges = Array.isArray(part) ? part : [part];
  return ranges
    .map((range: Exclude<DuePart<string | number>, readonly unknown[]>) => {
      if (typeof range !== 'object') return String(range);
      return `${range.start}-${range.end}${range.step === undefined ? '' : `/${range.step}`}`;
    })
    .join(',');
}

function duration(ms: number): string {
  const [name, size] = UNITS.find(([, unit]) => ms >= unit && ms % unit === 0) ?? UNITS[3];
  return count(ms / size, name);
}
