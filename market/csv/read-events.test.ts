import { readdirSync, rmSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedClock } from '../../domain/context.ts';
import { readEvents } from './read-events.ts';

const CLOCK = fixedClock('2026-06-01T12:00:00Z');

/** File of `tests/bad-files/events`, and the only thing wrong with it. */
const BAD_FILES: readonly (readonly [file: string, line: number, column: string, value: string, reason: string])[] = [
  ['date-impossible.csv', 3, 'date', '2012-02-30', 'there is no such day in the calendar'],
  ['date-us.csv', 3, 'date', '8/9/2012', 'not an ISO date; write YYYY-MM-DD'],
  ['date-weekend.csv', 3, 'date', '2012-08-11', 'the New York Stock Exchange was closed that day'],
  ['duplicate.csv', 3, 'value', '3', 'AAPL 2005-02-28 split stands on line 2 with the value 2; keep the right one'],
  ['empty.csv', 1, 'file', '', 'the file is empty; expected a header with ticker,date,kind,value'],
  ['gzip.csv', 1, 'file', '', 'not a text file: it is a gzip file; unpack it first'],
  [
    'missing-column.csv',
    1,
    'kind',
    'ticker,date,value',
    'the column "kind" is missing; expected ticker,date,kind,value in any order',
  ],
  ['quote-unclosed.csv', 2, 'quotes', '', 'a quote is opened in this row and never closed'],
  ['ticker-empty.csv', 3, 'ticker', '', 'the ticker is empty'],
  ['ticker-lower-case.csv', 3, 'ticker', 'aapl', 'tickers are upper case: write AAPL'],
  ['too-few-cells.csv', 3, 'row', '3', 'the row has 3 cells, the header 4'],
  ['unknown-kind.csv', 3, 'kind', 'spinoff', 'expected split or dividend'],
  ['value-nan.csv', 3, 'value', 'nan', 'not a number; leave the row out'],
  ['value-negative.csv', 3, 'value', '-2.65', 'must be above zero'],
  ['value-text.csv', 3, 'value', '2:1', 'not a number'],
  ['value-too-large.csv', 3, 'value', '1e300', 'no split or dividend; expected 1e-6 to 1e6'],
  ['value-zero.csv', 3, 'value', '0', 'must be above zero'],
];

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path: string) => readEvents(path, { fileName: 'events.csv', clock: CLOCK });

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'read-events-test-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function written(text: string): string {
  const path = join(dir, 'events.csv');
  writeFileSync(path, text);
  return path;
}

describe('a bad events file', () => {
  it.each(BAD_FILES)('is refused: %s, line %i, %s', async (file, line, column, value, reason) => {
    await expect(read(pathOf(`tests/bad-files/events/${file}`))).rejects.toMatchObject({
      code: 'FILE_REFUSED',
      details: { errors: [{ file: 'events.csv', line, column, value, reason }] },
    });
  });

  it('has a row in the table above for every file in the folder', () => {
    expect(readdirSync(pathOf('tests/bad-files/events')).sort()).toEqual(BAD_FILES.map(([file]) => file).sort());
  });

  it('may not tell the future', async () => {
    await expect(read(written('ticker,date,kind,value\nAAPL,2030-01-02,split,2\n'))).rejects.toMatchObject({
      code: 'FILE_REFUSED',
      details: { errors: [{ line: 2, column: 'date', value: '2030-01-02' }] },
    });
  });
});

describe('a good events file', () => {
  it('gives the bundled splits and dividends, ascending by ticker and date', async () => {
    const { events, notices } = await read(pathOf('data/sample/events.csv'));
    expect(notices).toEqual([]);
    expect(events).toHaveLength(95);
    const keys = events.map(({ ticker, date }) => `${ticker} ${date}`);
    expect(keys).toEqual([...keys].sort());
    expect(events.filter(({ kind }) => kind === 'split')).toEqual([
      { ticker: 'AAPL', date: '2000-06-21', kind: 'split', value: 2 },
      { ticker: 'AAPL', date: '2005-02-28', kind: 'split', value: 2 },
      { ticker: 'MSFT', date: '2003-02-18', kind: 'split', value: 2 },
    ]);
  });

  it('may be written in any order of columns, with quotes, CRLF, a byte order mark and more columns', async () => {
    const path = written('\uFEFFKind,"Date", VALUE ,Ticker,note\r\nsplit,2005-02-28,2,"AAPL",x\r\n');
    expect(await read(path)).toEqual({
      events: [{ ticker: 'AAPL', date: '2005-02-28', kind: 'split', value: 2 }],
      notices: ['columns that are not needed were ignored: note'],
    });
  });

  it('may repeat a row, which goes in once, and hold a split and a dividend of one day', async () => {
    const rows = ['X,2005-02-28,split,2', 'X,2005-02-28,dividend,0.5', 'X,2005-02-28,split,2.0'];
    const { events, notices } = await read(written(`ticker,date,kind,value\n${rows.join('\n')}\n`));
    expect(events.map(({ kind }) => kind).sort()).toEqual(['dividend', 'split']);
    expect(notices).toEqual(['1 row repeats another exactly and went in once']);
  });

  it('may be empty below its header', async () => {
    expect(await read(written('ticker,date,kind,value\n'))).toEqual({ events: [], notices: [] });
  });
});
