import { expect, test } from 'vitest';
import {
  dateOption,
  fileOption,
  horizonList,
  kindList,
  limitOption,
  seedOption,
  tickerArguments,
  tickerList,
  windowOption,
} from './options.ts';

const codeOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    return `${(error as { code: string }).code} ${(error as Error).message}`;
  }
  return 'no error';
};

test('lists are read with spaces and lower case forgiven', () => {
  expect(tickerList('aapl, MSFT ,brk.b')).toEqual(['AAPL', 'MSFT', 'BRK.B']);
  expect(horizonList('1, 10')).toEqual([1, 10]);
  expect(kindList('linear,random-forest')).toEqual(['linear', 'random-forest']);
});

test('tickers given as separate arguments are collected in order', () => {
  expect(tickerArguments('ibm', tickerArguments('aapl'))).toEqual(['AAPL', 'IBM']);
});

test('a window is a number of sessions or all', () => {
  expect(windowOption('all')).toBe('all');
  expect(windowOption('252')).toBe(252);
});

test.each([
  [() => tickerList('AAPL,,MSFT'), 'REQUEST_INVALID', '--tickers "AAPL,,MSFT"'],
  [() => tickerList('AAPL,MS FT'), 'TICKER_INVALID', '"MS FT"'],
  [() => horizonList('1,ten'), 'HORIZON_INVALID', '"ten"'],
  [() => horizonList('0'), 'HORIZON_INVALID', '1 to 63'],
  [() => kindList(''), 'REQUEST_INVALID', '--kinds ""'],
  [
    () => windowOption('59'),
    'REQUEST_INVALID',
    '--window "59": expected "all" or a whole number of sessions, 60 or more',
  ],
  [() => windowOption('2.5e2'), 'REQUEST_INVALID', '"2.5e2"'],
  [() => seedOption('-1'), 'REQUEST_INVALID', '0 to 2147483647'],
  [() => seedOption('2147483648'), 'REQUEST_INVALID', '0 to 2147483647'],
  [() => limitOption('0'), 'REQUEST_INVALID', '1 to 1000'],
  [() => dateOption('2013-02-30'), 'DATE_INVALID', '"2013-02-30"'],
  [() => dateOption('yesterday'), 'DATE_INVALID', 'YYYY-MM-DD'],
  [() => fileOption('no-such-file.csv'), 'FILE_UNREADABLE', 'no-such-file.csv cannot be read: there is no such file'],
  [() => fileOption('.'), 'FILE_UNREADABLE', 'it is a folder'],
])('ill-formed values are refused by name (%#)', (body, code, words) => {
  const told = codeOf(body);
  expect(told).toContain(code);
  expect(told).toContain(words);
});
