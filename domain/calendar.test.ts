import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addSessions,
  closeOf,
  endOfDay,
  isIsoDate,
  isSession,
  latestClosedSession,
  latestSessionOn,
  newYorkDate,
  sessionAt,
  sessionOrdinal,
  sessionsBetween,
} from './calendar.ts';
import { StockcastError } from './errors.ts';

interface Oracle {
  readonly from: string;
  readonly to: string;
  readonly nSessions: number;
  readonly weekdayClosures: readonly string[];
  readonly firstCloseOfMonthUtc: readonly string[];
}

const oracle: Oracle = JSON.parse(
  readFileSync(new URL('../tests/oracles/calendar/closures.json', import.meta.url), 'utf8'),
);
const sessions = sessionsBetween(oracle.from, oracle.to);

function* days(from: string, to: string): Generator<string> {
  for (let time = Date.parse(from); time <= Date.parse(to); time += 86_400_000) {
    yield new Date(time).toISOString().slice(0, 10);
  }
}

function datesOf(ticker: string): string[] {
  return readFileSync(new URL('../data/sample/prices.csv', import.meta.url), 'utf8')
    .split('\n')
    .map((line) => line.split(','))
    .flatMap(([name, , date]) => (name === ticker ? [date!] : []));
}

const dateInvalid = expect.objectContaining({ code: 'DATE_INVALID' });

describe('sessions of the exchange', () => {
  it('are closed on exactly the weekdays that exchange_calendars lists from 1990 to 2027', () => {
    const closed = [...days(oracle.from, oracle.to)].filter((date) => {
      const weekday = new Date(date).getUTCDay();
      return weekday !== 0 && weekday !== 6 && !isSession(date);
    });
    expect(closed).toEqual(oracle.weekdayClosures);
    expect(sessions).toHaveLength(oracle.nSessions);
  });

  it('never fall on a weekend', () => {
    const onWeekends = [...days('1990-01-01', '2099-12-31')].filter(
      (date) => [0, 6].includes(new Date(date).getUTCDay()) && isSession(date),
    );
    expect(onWeekends).toEqual([]);
  });

  it.each(['AAPL', 'IBM', 'MSFT'])('are those of the bundled prices: %s', (ticker) => {
    expect(datesOf(ticker)).toEqual(sessionsBetween('2000-03-01', '2013-03-01'));
  });

  it.each([
    ['1994-04-27', 'mourning'],
    ['2001-09-14', 'attack'],
    ['2012-10-30', 'storm'],
    ['2025-01-09', 'mourning'],
    ['2027-06-18', 'Juneteenth on a Saturday'],
    ['1989-12-29', 'before the calendar begins'],
    ['2100-01-04', 'after the calendar ends'],
    ['2013-02-30', 'no such day'],
    ['01/03/2013', 'no ISO date'],
  ])('do not include %s (%s)', (date) => {
    expect(isSession(date)).toBe(false);
  });

  it.each([
    ['2010-12-31', "a New Year's Day on a Saturday is not made up for"],
    ['1997-01-20', 'Martin Luther King Jr. Day before 1998'],
    ['2021-06-18', 'Juneteenth before 2022'],
    ['2001-09-17', 'trading resumes'],
  ])('include %s (%s)', (date) => {
    expect(isSession(date)).toBe(true);
  });
});

describe('counting sessions', () => {
  it('starts with 0 on 1990-01-02', () => {
    expect(sessionOrdinal('1990-01-02')).toBe(0);
    expect(sessionAt(0)).toBe('1990-01-02');
  });

  it('gives every session the next number, and the session back for its number', () => {
    sessions.forEach((date, i) => {
      expect(sessionOrdinal(date)).toBe(i);
      expect(sessionAt(i)).toBe(date);
    });
  });

  it('goes forth and back by any number of sessions', () => {
    const index = fc.integer({ min: 0, max: sessions.length - 1 });
    fc.assert(fc.property(index, index, (from, to) => addSessions(sessions[from]!, to - from) === sessions[to]));
  });

  it('skips holidays and weekends', () => {
    expect(addSessions('2012-10-26', 1)).toBe('2012-10-31');
    expect(addSessions('2013-03-01', 10)).toBe('2013-03-15');
    expect(addSessions('2001-09-17', -1)).toBe('2001-09-10');
  });

  it.each(['2012-10-29', '2013-03-02', 'yesterday', ''])('refuses to start from "%s", which is no session', (date) => {
    expect(() => addSessions(date, 1)).toThrow(dateInvalid);
    expect(() => sessionOrdinal(date)).toThrow(dateInvalid);
  });

  it('refuses to leave the calendar', () => {
    expect(() => addSessions('1990-01-02', -1)).toThrow(dateInvalid);
    expect(() => addSessions('2099-12-31', 1)).toThrow(dateInvalid);
    expect(() => addSessions('2013-03-01', 0.5)).toThrow(dateInvalid);
  });

  it('finds the newest session that is not after a date', () => {
    for (const date of days('2012-10-20', '2013-01-10')) {
      expect(latestSessionOn(date)).toBe(sessions.filter((session) => session <= date).at(-1));
    }
    expect(() => latestSessionOn('1990-01-01')).toThrow(dateInvalid);
    expect(() => latestSessionOn('soon')).toThrow(StockcastError);
  });

  it('lists the sessions between any two days, both included', () => {
    expect(sessionsBetween('2012-10-26', '2012-11-01')).toEqual(['2012-10-26', '2012-10-31', '2012-11-01']);
    expect(sessionsBetween('2012-10-27', '2012-10-30')).toEqual([]);
    expect(sessionsBetween('2012-10-31', '2012-10-31')).toEqual(['2012-10-31']);
    expect(sessionsBetween('2012-11-01', '2012-10-31')).toEqual([]);
  });
});

describe('isIsoDate', () => {
  it.each(['2013-03-01', '2012-02-29', '2000-02-29', '1899-12-31'])('takes %s', (date) => {
    expect(isIsoDate(date)).toBe(true);
  });

  it.each([
    '2013-02-29',
    '1900-02-29',
    '2013-04-31',
    '2013-13-01',
    '2013-00-10',
    '2013-01-00',
    '2013-1-01',
    '2013/01/01',
    '2013-01-01T00:00',
    ' 2013-01-01',
    '2013-01-01\n',
    '-013-01-01',
    '20a3-01-01',
    '+1e3-01-01',
    '',
  ])('refuses "%s"', (text) => {
    expect(isIsoDate(text)).toBe(false);
  });
});

describe('New York time', () => {
  it('closes each month of 1990 to 2027 at the instant that exchange_calendars gives', () => {
    const ours = oracle.firstCloseOfMonthUtc.map((close) => closeOf(close.slice(0, 10)).getTime());
    expect(ours).toEqual(oracle.firstCloseOfMonthUtc.map((close) => Date.parse(close)));
  });

  it.each([
    ['2013-03-08', '2013-03-08T21:00:00.000Z'],
    ['2013-03-11', '2013-03-11T20:00:00.000Z'],
    ['2006-04-03', '2006-04-03T20:00:00.000Z'],
    ['2006-03-31', '2006-03-31T21:00:00.000Z'],
    ['2012-11-23', '2012-11-23T21:00:00.000Z'],
  ])('closes %s at %s', (date, close) => {
    expect(closeOf(date).toISOString()).toBe(close);
  });

  it.each([
    ['2013-03-09', '2013-03-10T04:59:59.999Z'],
    ['2013-03-10', '2013-03-11T03:59:59.999Z'],
    ['2013-11-02', '2013-11-03T03:59:59.999Z'],
    ['2013-11-03', '2013-11-04T04:59:59.999Z'],
    ['2013-12-31', '2014-01-01T04:59:59.999Z'],
  ])('ends %s at %s', (date, end) => {
    expect(endOfDay(date)).toBe(end);
  });

  it('tells the date of the last millisecond of a day and of the next', () => {
    for (const date of days('2013-01-01', '2013-12-31')) {
      const end = Date.parse(endOfDay(date));
      expect(newYorkDate(new Date(end))).toBe(date);
      expect(newYorkDate(new Date(end + 1))).toBe(new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10));
    }
  });

  it('knows the newest closed session at each instant, whichever was asked for before', () => {
    // Both changes of the clock, a long weekend, and the end of the calendar.
    const some = ['2013-03-08', '2013-03-11', '2013-11-01', '2013-08-30', '2013-09-03', sessions.at(-1)!, '2099-12-30'];
    const asked = some.flatMap((session) => {
      const close = closeOf(session).getTime();
      return [
        { at: close, newest: session },
        { at: close - 1, newest: addSessions(session, -1) },
        { at: close + 3_600_000, newest: session },
        { at: closeOf(addSessions(session, 1)).getTime() - 1, newest: session },
      ];
    });
    for (const before of asked) {
      for (const { at, newest } of asked) {
        latestClosedSession(new Date(before.at));
        expect(latestClosedSession(new Date(at))).toBe(newest);
      }
    }
    const last = sessionAt(sessionOrdinal('2099-12-30') + 1);
    for (let i = 0; i < 2; i++) expect(latestClosedSession(closeOf(last))).toBe(last);
    expect(() => latestClosedSession(new Date(NaN))).toThrow(RangeError);
  });

  it('refuses ill-formed dates', () => {
    expect(() => closeOf('2013-02-29')).toThrow(dateInvalid);
    expect(() => endOfDay('tomorrow')).toThrow(dateInvalid);
  });
});
