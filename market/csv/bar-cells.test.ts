import { expect, test } from 'vitest';
import { BarReader } from './bar-cells.ts';

const cells = ['AAPL', 'Technology', '2013-03-01', '430.47', '438', '429.98', '438.18', '137899000'];

function complaints(now: string): string[] {
  const found: string[] = [];
  const bar = new BarReader(new Date(now)).read(cells, (column, value, reason) =>
    found.push(`${column} ${value}: ${reason}`),
  );
  expect(bar === undefined).toBe(found.length > 0);
  return found;
}

test('a session counts once it has closed, at 16:00 in New York', () => {
  expect(complaints('2013-03-01T20:59:59.999Z')).toEqual([
    'date 2013-03-01: this session has not closed yet; leave it out until 16:00 in New York',
  ]);
  expect(complaints('2013-03-01T21:00:00.000Z')).toEqual([]);
});

test('a session of tomorrow is one complaint, not two', () => {
  expect(complaints('2013-02-28T22:00:00.000Z')).toEqual(['date 2013-03-01: lies in the future (today is 2013-02-28)']);
});
