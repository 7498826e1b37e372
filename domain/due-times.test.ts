import { expect, it } from 'vitest';
import { isDueTime } from './due-times.ts';

const weekdays = { start: 'MONDAY', end: 'FRIDAY' } as const;
const evenings = [{ dayOfWeek: weekdays, hour: 18, minute: 30 }];
const hourly = [{ dayOfWeek: weekdays, hour: { start: 9, end: 21 }, minute: 5 }];

it.each([
  ['a winter evening', '2013-02-25T23:30:00.000Z', evenings, true],
  ['a summer evening, an hour earlier in UTC', '2013-07-01T22:30:00.000Z', evenings, true],
  ['the same hour in UTC in summer', '2013-07-01T23:30:00.000Z', evenings, false],
  ['a second late', '2013-02-25T23:30:01.000Z', evenings, false],
  ['a Saturday', '2013-03-02T23:30:00.000Z', evenings, false],
  ['Friday evening in New York, Saturday in UTC', '2013-03-02T02:05:00.000Z', hourly, true],
  ['the hour after the last', '2013-03-02T03:05:00.000Z', hourly, false],
  ['midnight', '2013-02-25T05:00:00.000Z', [{}], true],
  ['one of several times', '2013-02-25T23:30:00.000Z', [...hourly, ...evenings], true],
  ['any second', '2013-02-25T23:30:17.000Z', [{ hour: '*', minute: '*', second: '*' }], true],
  [
    'every tenth second',
    '2013-02-25T23:30:20.000Z',
    [{ hour: '*', minute: '*', second: { start: 0, end: 59, step: 10 } }],
    true,
  ],
  [
    'not every tenth second',
    '2013-02-25T23:30:21.000Z',
    [{ hour: '*', minute: '*', second: { start: 0, end: 59, step: 10 } }],
    false,
  ],
  ['a listed hour', '2013-02-25T14:00:00.000Z', [{ hour: [9, { start: 12, end: 14 }] }], true],
] as const)('%s', (_, instant, times, due) => {
  expect(isDueTime(instant, times)).toBe(due);
});
