import type { Instant, SessionDate } from './bar.ts';
import { StockcastError } from './errors.ts';
import { closures, dayNumber, weekday } from './holidays.ts';

const FIRST_YEAR = 1990;
const LAST_YEAR = 2099;
const DAY_MS = 86_400_000;
const DASH = 45;
const ZERO = 48;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

interface SessionTable {
  /** Day number of day 0 of the table. */
  readonly firstDay: number;
  /** Day number of each session, ascending. */
  readonly days: Int32Array;
  /** Per day of the table, how many sessions lie before it. */
  readonly sessionsBefore: Int32Array;
  /** The dates that were asked for so far, by ordinal. */
  readonly dates: SessionDate[];
}

let table: SessionTable | undefined;

/** Whether the text is a date of the calendar as `YYYY-MM-DD`. */
export function isIsoDate(text: string): boolean {
  return parseDay(text) !== undefined;
}

/** Whether the New York Stock Exchange trades (or traded) on that date; false before 1990 and for ill-formed dates. */
export function isSession(date: SessionDate): boolean {
  return ordinalOf(date) !== undefined;
}

/**
 * The exchange's count of sessions up to a session: 0 is 1990-01-02.
 * @throws StockcastError DATE_INVALID when the date is no session
 */
export function sessionOrdinal(date: SessionDate): number {
  const ordinal = ordinalOf(date);
  if (ordinal === undefined) throw new StockcastError('DATE_INVALID', { date, expected: 'a session of the exchange' });
  return ordinal;
}

/**
 * The session with that count.
 * @throws StockcastError DATE_INVALID outside of 1990 to 2099
 */
export function sessionAt(ordinal: number): SessionDate {
  const { days, dates } = sessions();
  const cached = dates[ordinal];
  if (cached !== undefined) return cached;
  const day = days[ordinal];
  if (day === undefined) {
    throw new StockcastError('DATE_INVALID', {
      date: `session number ${ordinal}`,
      expected: `a session from ${FIRST_YEAR} to ${LAST_YEAR}`,
    });
  }
  const date = formatDay(day);
  dates[ordinal] = date;
  return date;
}

/**
 * The session `n` sessions after a session (before it, when negative).
 * @throws StockcastError DATE_INVALID when the date is no session
 */
export function addSessions(date: SessionDate, n: number): SessionDate {
  return sessionAt(sessionOrdinal(date) + n);
}

/**
 * The newest session that is not after the date, which may be any day of the calendar.
 * @throws StockcastError DATE_INVALID when the date is ill-formed or before the first session
 */
export function latestSessionOn(date: SessionDate): SessionDate {
  const upTo = sessionsUpTo(date);
  if (upTo === 0) throw new StockcastError('DATE_INVALID', { date, expected: `${sessionAt(0)} or later` });
  return sessionAt(upTo - 1);
}

/**
 * The sessions from one date to another, both included; they may be any days of the calendar. Empty when `to` is before
 * `from`.
 * @throws StockcastError DATE_INVALID when a date is ill-formed or outside of 1990 to 2099
 */
export function sessionsBetween(from: SessionDate, to: SessionDate): SessionDate[] {
  const first = sessionsUpTo(from) - (isSession(from) ? 1 : 0);
  return Array.from({ length: Math.max(0, sessionsUpTo(to) - first) }, (_, i) => sessionAt(first + i));
}

/**
 * When the session closes: 16:00 in New York. Early closes count as 16:00 too, so nothing is known too early.
 * @throws StockcastError DATE_INVALID when the date is ill-formed
 */
export function closeOf(date: SessionDate): Date {
  return newYorkTime(dayOf(date), 16);
}

/** The session that was found last, and from when until when it is the newest that has closed; in milliseconds. */
let lastClosed = { session: '', from: Number.POSITIVE_INFINITY, until: Number.NEGATIVE_INFINITY };

/** The newest session that has closed by an instant. */
export function latestClosedSession(now: Date): SessionDate {
  const time = now.getTime();
  if (time >= lastClosed.from && time < lastClosed.until) return lastClosed.session;
  const newest = latestSessionOn(newYorkDate(now));
  const session = closeOf(newest) <= now ? newest : addSessions(newest, -1);
  const nextDay = sessions().days[sessionOrdinal(session) + 1];
  // After the last session of the calendar, nothing is remembered.
  const until = nextDay === undefined ? Number.NEGATIVE_INFINITY : newYorkTime(nextDay, 16).getTime();
  lastClosed = { session, from: closeOf(session).getTime(), until };
  return session;
}

/**
 * The last millisecond of the date in New York.
 * @throws StockcastError DATE_INVALID when the date is ill-formed
 */
export function endOfDay(date: SessionDate): Instant {
  return new Date(newYorkTime(dayOf(date) + 1, 0).getTime() - 1).toISOString();
}

const NEW_YORK = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/New_York',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  hourCycle: 'h23',
});

/** The date that it is in New York at an instant. */
export function newYorkDate(instant: Date): SessionDate {
  return NEW_YORK.format(instant).slice(0, 10);
}

// New York is 4 or 5 hours behind UTC; at 05:00 UTC it is still the same date there, before any clock change of the day.
function newYorkTime(day: number, hour: number): Date {
  const probe = new Date(day * DAY_MS + (hour === 0 ? 5 : hour + 5) * 3_600_000);
  const shown = Number(NEW_YORK.format(probe).slice(-2));
  return new Date(probe.getTime() - (shown - hour) * 3_600_000);
}

function ordinalOf(date: SessionDate): number | undefined {
  const day = parseDay(date);
  if (day === undefined) return undefined;
  const { firstDay, days, sessionsBefore } = sessions();
  const before = sessionsBefore[day - firstDay];
  return before !== undefined && days[before] === day ? before : undefined;
}

function sessionsUpTo(date: SessionDate): number {
  const day = parseDay(date);
  const { firstDay, days, sessionsBefore } = sessions();
  const before = day === undefined ? undefined : sessionsBefore[day - firstDay];
  if (before === undefined) {
    throw new StockcastError('DATE_INVALID', { date, expected: `YYYY-MM-DD from ${FIRST_YEAR} to ${LAST_YEAR}` });
  }
  return days[before] === day ? before + 1 : before;
}

function sessions(): SessionTable {
  table ??= buildTable();
  return table;
}

function buildTable(): SessionTable {
  const firstDay = dayNumber(FIRST_YEAR, 1, 1);
  const nDays = dayNumber(LAST_YEAR + 1, 1, 1) - firstDay;
  const closed = new Set<number>();
  for (let year = FIRST_YEAR; year <= LAST_YEAR; year++) for (const day of closures(year)) closed.add(day);
  const days: number[] = [];
  const sessionsBefore = new Int32Array(nDays);
  for (let i = 0; i < nDays; i++) {
    sessionsBefore[i] = days.length;
    const day = firstDay + i;
    const onWeekend = weekday(day) === 0 || weekday(day) === 6;
    if (!onWeekend && !closed.has(day)) days.push(day);
  }
  return { firstDay, days: Int32Array.from(days), sessionsBefore, dates: [] };
}

function dayOf(date: SessionDate): number {
  const day = parseDay(date);
  if (day === undefined) throw new StockcastError('DATE_INVALID', { date, expected: 'YYYY-MM-DD' });
  return day;
}

// Every row of a price file passes here: reading the digits one by one is several times faster than a pattern.
function parseDay(text: string): number | undefined {
  if (text.length !== 10 || text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return undefined;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0;
  const length = DAYS_IN_MONTH[month - 1];
  if (year < 0 || length === undefined || day < 1 || day > length + leap) return undefined;
  return dayNumber(year, month, day);
}

/** The number written from `start` to `end`, or -1 when a character is no digit. */
function digits(text: string, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function formatDay(day: number): SessionDate {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
