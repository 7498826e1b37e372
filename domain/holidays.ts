/** Days since 1970-01-01 of a calendar date (proleptic Gregorian). `month` is 1 to 12. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
export function dayNumber(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

/** Day of the week of a day number: 0 is Sunday. */
export function weekday(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

const SATURDAY = 6;
const SUNDAY = 0;
const MONDAY = 1;
const THURSDAY = 4;

/** Closures that no rule tells: mourning, attack, storm. */
const SPECIAL_CLOSURES: readonly (readonly [year: number, month: number, day: number])[] = [
  [1994, 4, 27],
  [2001, 9, 11],
  [2001, 9, 12],
  [2001, 9, 13],
  [2001, 9, 14],
  [2004, 6, 11],
  [2007, 1, 2],
  [2012, 10, 29],
  [2012, 10, 30],
  [2018, 12, 5],
  [2025, 1, 9],
];

/**
 * Day numbers of the weekdays on which the New York Stock Exchange is closed in a year, by NYSE Rule 7.2 as it stood
 * that year and the special closures known up to 2025. Valid from 1990 on.
 */
export function closures(year: number): number[] {
  const days = [
    nthWeekday(year, 2, MONDAY, 3), // Washington's Birthday
    easterSunday(year) - 2, // Good Friday
    lastMonday(year, 5), // Memorial Day
    nthWeekday(year, 9, MONDAY, 1), // Labor Day
    nthWeekday(year, 11, THURSDAY, 4), // Thanksgiving
    observed(year, 7, 4),
    observed(year, 12, 25),
  ];
  // A New Year's Day on a Saturday is not made up for: the Friday before closes the year's books.
  const newYear = dayNumber(year, 1, 1);
  if (weekday(newYear) !== SATURDAY) days.push(observed(year, 1, 1));
  if (year >= 1998) days.push(nthWeekday(year, 1, MONDAY, 3)); // Martin Luther King Jr. Day
  if (year >= 2022) days.push(observed(year, 6, 19)); // Juneteenth
  for (const [y, month, day] of SPECIAL_CLOSURES) if (y === year) days.push(dayNumber(y, month, day));
  return days;
}

function observed(year: number, month: number, day: number): number {
  const date = dayNumber(year, month, day);
  if (weekday(date) === SATURDAY) return date - 1;
  return weekday(date) === SUNDAY ? date + 1 : date;
}

function nthWeekday(year: number, month: number, day: number, n: number): number {
  const first = dayNumber(year, month, 1);
  return first + ((day - weekday(first) + 7) % 7) + 7 * (n - 1);
}

function lastMonday(year: number, month: number): number {
  const last = dayNumber(year, month + 1, 1) - 1;
  return last - ((weekday(last) - MONDAY + 7) % 7);
}

/** Source: J. Meeus, Astronomical Algorithms, chapter 8 (Gregorian Easter). */
function easterSunday(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const g = Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3);
  const h = (19 * a + b - Math.floor(b / 4) - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const monthDay = h + l - 7 * m + 114;
  return dayNumber(year, Math.floor(monthDay / 31), (monthDay % 31) + 1);
}
