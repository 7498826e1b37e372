import type { Instant } from './bar.ts';

/** The time zone that schedules are written in: the exchange's. */
export const EXCHANGE_TIME_ZONE = 'America/New_York';

export const DAYS_OF_WEEK = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;
export type DayOfWeek = (typeof DAYS_OF_WEEK)[number];

/** One value, or every `step`th (default 1) from `start` to `end`, both included. */
export type DueRange<T> = T | { readonly start: T; readonly end: T; readonly step?: number | undefined };

/** What a part of a time may be; `*` is any. */
export type DuePart<T> = '*' | DueRange<T> | readonly DueRange<T>[];

/** Times of the clock in New York, as Temporal's schedules write them: hour, minute and second default to 0, days to all. */
export interface DueTimes {
  readonly dayOfWeek?: DuePart<DayOfWeek> | undefined;
  readonly hour?: DuePart<number> | undefined;
  readonly minute?: DuePart<number> | undefined;
  readonly second?: DuePart<number> | undefined;
}

const CLOCK = new Intl.DateTimeFormat('en-US', {
  timeZone: EXCHANGE_TIME_ZONE,
  weekday: 'long',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
  hourCycle: 'h23',
});

/** Whether an instant is one of the times, to the second. */
export function isDueTime(instant: Instant, times: readonly DueTimes[]): boolean {
  const shown = Object.fromEntries(CLOCK.formatToParts(new Date(instant)).map(({ type, value }) => [type, value]));
  const day = DAYS_OF_WEEK.findIndex((name) => name === shown.weekday?.toUpperCase());
  return times.some(
    ({ dayOfWeek = '*', hour = 0, minute = 0, second = 0 }) =>
      holds(dayOfWeek, day, (name) => DAYS_OF_WEEK.indexOf(name)) &&
      holds(hour, Number(shown.hour), Number) &&
      holds(minute, Number(shown.minute), Number) &&
      holds(second, Number(shown.second), Number),
  );
}

function holds<T extends string | number>(part: DuePart<T>, value: number, numberOf: (name: T) => number): boolean {
  if (part === '*') return true;
  const ranges = Array.isArray(part) ? (part as readonly DueRange<T>[]) : [part as DueRange<T>];
  return ranges.some((range) => {
    if (typeof range !== 'object') return numberOf(range) === value;
    const [start, end] = [numberOf(range.start), numberOf(range.end)];
    return value >= start && value <= end && (value - start) % (range.step ?? 1) === 0;
  });
}
