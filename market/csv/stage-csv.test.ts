import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Bar } from '../../domain/bar.ts';
import { fixedClock } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import { TICKER_FORM } from '../../domain/ticker.ts';
import type { FileProblem } from './problems.ts';
import { type OnBadRow, type StagedPrices, stageCsv } from './stage-csv.ts';

const HEADER = 'ticker,sector,date,close,open,low,high,volume';
const CLOCK = fixedClock('2026-06-01T12:00:00Z');

/** File of `tests/bad-files/prices`, and the only thing wrong with it. */
const BAD_FILES: readonly (readonly [file: string, line: number, column: string, value: string, reason: string])[] = [
  ['blank-lines-only.csv', 1, 'file', '', `the file is empty; expected a header with ${HEADER}`],
  ['close-above-high.csv', 3, 'close', '500', "the close lies outside of the day's range 440.95 to 447.87"],
  ['close-below-low.csv', 3, 'close', '440.9499999', "the close lies outside of the day's range 440.95 to 447.87"],
  [
    'column-twice.csv',
    1,
    'close',
    'ticker,sector,date,close,open,low,high,volume,Close',
    'the column "close" is there twice; keep one',
  ],
  ['date-before-1990.csv', 3, 'date', '1989-12-29', 'lies before the first session known, 1990-01-02'],
  ['date-empty.csv', 3, 'date', '', 'not an ISO date; write YYYY-MM-DD'],
  ['date-future.csv', 3, 'date', '2031-01-02', 'lies in the future (today is 2026-06-01)'],
  ['date-holiday.csv', 3, 'date', '2012-12-25', 'the New York Stock Exchange was closed that day'],
  ['date-impossible.csv', 3, 'date', '2013-02-30', 'there is no such day in the calendar'],
  ['date-storm.csv', 3, 'date', '2012-10-29', 'the New York Stock Exchange was closed that day'],
  ['date-unreadable.csv', 3, 'date', 'yesterday', 'not an ISO date; write YYYY-MM-DD'],
  ['date-us.csv', 3, 'date', '02/28/2013', 'not an ISO date; write YYYY-MM-DD'],
  ['date-weekend.csv', 3, 'date', '2013-03-02', 'the New York Stock Exchange was closed that day'],
  ['date-with-time.csv', 3, 'date', '2013-02-28T00:00:00Z', 'not an ISO date; write YYYY-MM-DD'],
  [
    'duplicate-far.csv',
    304,
    'date',
    '2013-02-28',
    'AAPL 2013-02-28 stands on line 2 with other values; keep the right one',
  ],
  ['duplicate.csv', 4, 'date', '2013-02-28', 'AAPL 2013-02-28 stands on line 3 with other values; keep the right one'],
  ['empty.csv', 1, 'file', '', `the file is empty; expected a header with ${HEADER}`],
  ['gzip.csv', 1, 'file', '', 'not a text file: it is a gzip file; unpack it first'],
  ['header-only.csv', 1, 'file', '', 'there are no rows below the header'],
  ['high-below-low.csv', 3, 'high', '440.95', 'the high lies below the low (447.87)'],
  ['latin-1.csv', 3, 'file', '', 'not UTF-8; save the file with the encoding UTF-8'],
  [
    'missing-column.csv',
    1,
    'volume',
    'ticker,sector,date,close,open,low,high',
    `the column "volume" is missing; expected ${HEADER} in any order`,
  ],
  [
    'no-header.csv',
    1,
    'header',
    'AAPL,Technology,2013-02-27,444.57,448.43,440.65,452.44,20976800',
    `there is no header; the first line must name ${HEADER}`,
  ],
  ['nul-bytes.csv', 3, 'file', '', 'not a text file: it has a NUL byte'],
  ['open-above-high.csv', 3, 'open', '447.88', "the open lies outside of the day's range 440.95 to 447.87"],
  ['open-below-low.csv', 3, 'open', '440.94', "the open lies outside of the day's range 440.95 to 447.87"],
  ['picture.csv', 1, 'file', '', 'not a text file: it is a PNG picture'],
  ['price-currency.csv', 3, 'close', '$441.4', 'not a number'],
  ['price-decimal-comma.csv', 3, 'close', '441,4', 'not a plain number; write it as 1234.5, without separators'],
  ['price-empty.csv', 3, 'open', '', 'the cell is empty; a number is expected'],
  ['price-hexadecimal.csv', 3, 'close', '0x1B9', 'not a number'],
  ['price-infinite.csv', 3, 'high', 'Infinity', 'infinite; a finite number is expected'],
  ['price-nan.csv', 3, 'close', 'NaN', 'not a number; leave the row out'],
  ['price-negative.csv', 3, 'open', '-444.05', 'a price must be above zero'],
  ['price-overflow.csv', 3, 'high', '1e999', 'too large for a number'],
  ['price-text.csv', 3, 'close', 'n.a.', 'not a number'],
  ['price-thousands.csv', 3, 'close', '1,441.4', 'not a plain number; write it as 1234.5, without separators'],
  ['price-too-large.csv', 3, 'high', '1e300', 'no price in USD; expected 1e-9 to 1e12'],
  ['price-too-small.csv', 3, 'low', '1e-300', 'no price in USD; expected 1e-9 to 1e12'],
  ['price-underflow.csv', 3, 'low', '1e-999', 'a price must be above zero'],
  ['price-zero.csv', 3, 'low', '0', 'a price must be above zero'],
  [
    'quote-closed-by-the-next.csv',
    3,
    'quotes',
    '',
    'a quote stands inside of a cell, or is not closed; quote the whole cell and double the quotes in it',
  ],
  [
    'quote-inside-cell.csv',
    3,
    'quotes',
    '',
    'a quote stands inside of a cell, or is not closed; quote the whole cell and double the quotes in it',
  ],
  [
    'quote-trailing.csv',
    3,
    'quotes',
    '',
    'a quote stands inside of a cell, or is not closed; quote the whole cell and double the quotes in it',
  ],
  ['quote-unclosed-after-blank-lines.csv', 5, 'quotes', '', 'a quote is opened in this row and never closed'],
  ['quote-unclosed.csv', 3, 'quotes', '', 'a quote is opened in this row and never closed'],
  [
    'semicolons.csv',
    1,
    'header',
    'ticker;sector;date;close;open;low;high;volume',
    'the cells are separated by ";"; separate them by commas',
  ],
  ['ticker-empty-on-first-row.csv', 2, 'ticker', '', 'the ticker is empty'],
  ['ticker-empty.csv', 3, 'ticker', '', 'the ticker is empty'],
  ['ticker-ill-formed.csv', 3, 'ticker', 'AA PL', `ill-formed; expected ${TICKER_FORM}`],
  ['ticker-lower-case.csv', 3, 'ticker', 'aapl', 'tickers are upper case: write AAPL'],
  ['ticker-too-long.csv', 3, 'ticker', 'ABCDEFGHIJKLMNOP', `ill-formed; expected ${TICKER_FORM}`],
  ['too-few-cells.csv', 3, 'row', '4', 'the row has 4 cells, the header 8'],
  ['too-many-cells.csv', 3, 'row', '9', 'the row has 9 cells, the header 8'],
  ['utf-16-without-mark.csv', 1, 'file', '', 'not a text file: it has a NUL byte'],
  ['utf-16.csv', 1, 'file', '', 'not a text file: it is UTF-16 text; save it as UTF-8'],
  ['utf-8-cut-off.csv', 3, 'file', '', 'not UTF-8; save the file with the encoding UTF-8'],
  ['volume-infinite.csv', 3, 'volume', '-inf', 'infinite; a finite number is expected'],
  ['volume-negative.csv', 3, 'volume', '-1', 'a volume cannot be negative'],
  ['volume-text.csv', 3, 'volume', '11.5M', 'not a number'],
  ['volume-too-large.csv', 3, 'volume', '1e300', 'no number of shares; expected 0 to 1e15'],
  ['zip.csv', 1, 'file', '', 'not a text file: it is a ZIP archive or an Excel workbook; export it as CSV'],
];

const pathOf = (folder: string, file = '') => fileURLToPath(new URL(`../../tests/${folder}/${file}`, import.meta.url));

let dir: string;
const systemTmp = process.env.TMPDIR;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'stage-csv-test-'));
  // Staging goes below this folder, so that what is left behind can be seen.
  process.env.TMPDIR = mkdtempSync(join(dir, 'tmp-'));
});
afterEach(() => {
  expect(readdirSync(process.env.TMPDIR!), 'staging left behind').toEqual([]);
});
afterAll(() => {
  if (systemTmp === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = systemTmp;
  rmSync(dir, { recursive: true, force: true });
});

function stage(path: string, onBadRow: OnBadRow = 'refuse', signal?: AbortSignal): Promise<StagedPrices> {
  return stageCsv(path, { onBadRow, clock: CLOCK, fileName: 'mine.csv', ...(signal ? { signal } : {}) });
}

function written(text: string): string {
  const path = join(dir, 'written.csv');
  writeFileSync(path, text);
  return path;
}

async function refusal(reading: Promise<unknown>): Promise<StockcastError> {
  const error = await reading.then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof StockcastError)) throw error;
  return error;
}

async function barsOf(staged: StagedPrices): Promise<Bar[]> {
  const bars: Bar[] = [];
  for await (const batch of staged.batches()) bars.push(...batch);
  return bars;
}

async function bars(path: string, onBadRow: OnBadRow = 'refuse'): Promise<{ staged: StagedPrices; bars: Bar[] }> {
  const staged = await stage(path, onBadRow);
  try {
    return { staged, bars: await barsOf(staged) };
  } finally {
    await staged.close();
  }
}

describe('a bad price file', () => {
  it.each(BAD_FILES)('is refused: %s, line %i, %s', async (file, line, column, value, reason) => {
    const error = await refusal(stage(pathOf('bad-files/prices', file)));
    expect(error.code).toBe('FILE_REFUSED');
    const shown = value.length > 80 ? `${value.slice(0, 80)}…` : value;
    expect(error.details.errors).toEqual([{ file: 'mine.csv', line, column, value: shown, reason }]);
    expect(error.message).toContain('mine.csv was refused and nothing was stored');
    expect(error.message).toContain(`line ${line}, ${column}`);
    expect(error.message).toContain(reason);
  });

  it('has a row in the table above for every file in the folder', () => {
    const inTable = BAD_FILES.map(([file]) => file);
    const several = ['several.csv', 'two-columns-missing.csv'];
    expect(readdirSync(pathOf('bad-files/prices')).sort()).toEqual([...inTable, ...several].sort());
  });

  it('is told everything that is wrong with it, by line', async () => {
    const error = await refusal(stage(pathOf('bad-files/prices', 'several.csv')));
    const problems = error.details.errors as FileProblem[];
    expect(problems.map(({ line, column, value }) => [line, column, value])).toEqual([
      [2, 'ticker', 'aapl'],
      [2, 'date', '2013-02-30'],
      [2, 'close', '0'],
      [2, 'volume', '-5'],
      [4, 'high', 'x'],
    ]);
  });

  it('is told all of the columns that are missing', async () => {
    const error = await refusal(stage(pathOf('bad-files/prices', 'two-columns-missing.csv')));
    expect((error.details.errors as FileProblem[]).map(({ column }) => column)).toEqual(['high', 'volume']);
  });

  it('is told the first problems and how many there are, however many', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => `AAPL,T,2013-02-28,${-i - 1},1,1,1,1`);
    const error = await refusal(stage(written([HEADER, ...rows].join('\n'))));
    expect(error.details.errors).toHaveLength(1000);
    expect(error.message).toContain('line 21,');
    expect(error.message).not.toContain('line 22,');
    expect(error.message).toContain('and 2980 more');
  });

  it('is refused for contradictions that come after very many exact repeats', async () => {
    const repeats = Array.from({ length: 1500 }, (_, i) => `T${i},S,2013-02-28,1,1,1,1,1`);
    const rows = [...repeats, ...repeats, 'AAPL,S,2013-02-28,1,1,1,1,1', 'AAPL,S,2013-02-28,1,1,1,1,2'];
    const error = await refusal(stage(written([HEADER, ...rows].join('\n'))));
    expect((error.details.errors as FileProblem[]).map(({ line }) => line)).toEqual([3003]);
  });

  it('is refused early when a quote swallows the rest of it', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `T${i},S,2013-02-28,1,1,1,1,1`);
    rows[1] = '"T1,S,2013-02-28,1,1,1,1,1';
    const error = await refusal(stage(written([HEADER, ...rows].join('\n'))));
    expect(error.details.errors).toMatchObject([{ line: 3, column: 'row' }]);
    expect(error.message).toContain('a quote in it is opened and never closed');
  });

  it('is refused with the line of the first byte that is not UTF-8, also far into it', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `T${i},Énergie,2013-02-28,1,1,1,1,1\n`);
    const bytes = Buffer.concat([Buffer.from(`${HEADER}\n${rows.join('')}`), Buffer.from([0xc9]), Buffer.from('\n')]);
    const path = written('');
    writeFileSync(path, bytes);
    expect((await refusal(stage(path))).details.errors).toMatchObject([{ line: 20_002, column: 'file' }]);
  });

  it('says so when it is not there or is a folder', async () => {
    expect(await refusal(stage(join(dir, 'nowhere.csv')))).toMatchObject({ code: 'FILE_UNREADABLE' });
    expect(await refusal(stage(dir))).toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});

describe('skipping bad rows', () => {
  it('takes the good ones and keeps the report', async () => {
    const good = 'MSFT,Technology,2013-03-01,27.95,27.72,27.52,27.98,34849700';
    const rows = [
      good,
      'AAPL,T,2013-02-30,1,1,1,1,1',
      'AAPL,T,2013-02-28,1,1,1,1',
      good,
      'AAPL,T,2013-02-28,1,2,1,1,-1',
    ];
    const { staged, bars: taken } = await bars(written([HEADER, ...rows].join('\n')), 'skip');
    expect(taken.map(({ ticker, date, close }) => [ticker, date, close])).toEqual([['MSFT', '2013-03-01', 27.95]]);
    expect(staged).toMatchObject({ acceptedRows: 1, nRejected: 3 });
    expect(staged.rejected.map(({ line, column }) => [line, column])).toEqual([
      [3, 'date'],
      [4, 'row'],
      [6, 'volume'],
      [6, 'open'],
    ]);
    expect(staged.notices).toEqual(['1 row repeats another exactly and went in once']);
  });

  it('takes neither of two rows that contradict each other', async () => {
    const { staged, bars: taken } = await bars(pathOf('bad-files/prices', 'duplicate.csv'), 'skip');
    expect(taken.map(({ date }) => date)).toEqual(['2013-02-27', '2013-03-01']);
    expect(staged.nRejected).toBe(2);
  });

  it.each(BAD_FILES.filter(([, , column]) => ['file', 'header', 'quotes'].includes(column)))(
    'does not help a file that is bad as a whole: %s',
    async (file) => {
      expect(await refusal(stage(pathOf('bad-files/prices', file), 'skip'))).toMatchObject({ code: 'FILE_REFUSED' });
    },
  );

  it.each(['missing-column.csv', 'column-twice.csv', 'two-columns-missing.csv'])(
    'does not help a wrong header: %s',
    async (file) => {
      expect(await refusal(stage(pathOf('bad-files/prices', file), 'skip'))).toMatchObject({ code: 'FILE_REFUSED' });
    },
  );

  it('refuses a file without any good row', async () => {
    const path = written(`${HEADER}\nAAPL,T,2013-02-30,1,1,1,1,1\n`);
    expect(await refusal(stage(path, 'skip'))).toMatchObject({ code: 'FILE_REFUSED' });
  });
});

describe('a good file in an odd form', () => {
  const others = readdirSync(pathOf('odd-files')).filter((file) => file !== 'plain.csv');

  it.each(others)('gives the same bars as the plain one: %s', async (file) => {
    const plain = await bars(pathOf('odd-files', 'plain.csv'));
    expect(plain.bars.map(({ date }) => date)).toEqual(['2013-02-27', '2013-02-28', '2013-03-01']);
    expect((await bars(pathOf('odd-files', file))).bars).toEqual(plain.bars);
  });

  it.each([
    ['extra-columns.csv', 'columns that are not needed were ignored: Currency, adj close, (without a name)'],
    ['exact-repeat.csv', '2 rows repeat others exactly and went in once'],
  ])('is told what was ignored: %s', async (file, notice) => {
    expect((await bars(pathOf('odd-files', file))).staged.notices).toEqual([notice]);
  });

  it('may leave the sector empty and trade fractions of a share, or none', async () => {
    const { bars: taken } = await bars(written(`${HEADER}\nX,,2013-02-28,1,1,1,1,0.5\nX,,2013-03-01,1,1,1,1,0\n`));
    expect(taken.map(({ sector, volume }) => [sector, volume])).toEqual([
      ['Unknown', 0.5],
      ['Unknown', 0],
    ]);
  });
});

describe('the bundled prices', () => {
  it('pass as they are, ascending by ticker and date', async () => {
    const path = fileURLToPath(new URL('../../data/sample/prices.csv', import.meta.url));
    const { staged, bars: taken } = await bars(path);
    expect(staged).toMatchObject({ acceptedRows: 11_958, nRejected: 0, notices: [] });
    expect(staged.tickers).toEqual([
      { ticker: 'AAPL', rows: 3270, firstSession: '2000-03-01', lastSession: '2013-03-01' },
      { ticker: 'GOOG', rows: 2148, firstSession: '2004-08-19', lastSession: '2013-03-01' },
      { ticker: 'IBM', rows: 3270, firstSession: '2000-03-01', lastSession: '2013-03-01' },
      { ticker: 'MSFT', rows: 3270, firstSession: '2000-03-01', lastSession: '2013-03-01' },
    ]);
    const lines = taken.map(({ ticker, sector, date, close, open, low, high, volume }) =>
      [ticker, sector, date, close, open, low, high, volume].join(),
    );
    const numbersAsWritten = (line: string) =>
      line
        .split(',')
        .map((cell, i) => (i < 3 ? cell : Number(cell)))
        .join();
    const expected = readFileSync(path, 'utf8').trim().split('\n').slice(1).map(numbersAsWritten);
    const byTickerAndDate = (a: string, b: string) =>
      a.split(',')[0]! + a.split(',')[2]! < b.split(',')[0]! + b.split(',')[2]! ? -1 : 1;
    expect(lines).toEqual(expected.sort(byTickerAndDate));
  });

  it('come in batches of some thousands, and one ticker at a time as a series', async () => {
    const staged = await stage(fileURLToPath(new URL('../../data/sample/prices.csv', import.meta.url)));
    try {
      let largest = 0;
      for await (const batch of staged.batches()) largest = Math.max(largest, batch.length);
      expect(largest).toBeGreaterThan(0);
      expect(largest).toBeLessThanOrEqual(2048);
      const series = await staged.series('GOOG');
      expect(series.dates).toHaveLength(2148);
      expect([series.ticker, series.dates[0], series.close[0]]).toEqual(['GOOG', '2004-08-19', 100.335]);
    } finally {
      await staged.close();
    }
  });

  it("know what the others did overnight: the median of the day's opens over the closes before", async () => {
    const staged = await stage(fileURLToPath(new URL('../../data/sample/prices.csv', import.meta.url)));
    try {
      const [ibm, msft] = await Promise.all([staged.series('IBM'), staged.series('MSFT')]);
      const gap = ({ dates, open, close }: typeof ibm, date: string) => {
        const t = dates.indexOf(date);
        return open[t]! / close[t - 1]! - 1;
      };
      const date = '2001-04-18';
      const expected = (gap(ibm, date) + gap(msft, date)) / 2;
      expect(await staged.medianOvernightReturn(date, 'AAPL')).toBeCloseTo(expected, 12);
      expect(await staged.medianOvernightReturn('2000-03-01', 'AAPL')).toBeUndefined();
    } finally {
      await staged.close();
    }
  });
});

describe('giving up', () => {
  it('ends when the signal says so and leaves nothing behind', async () => {
    const rows = Array.from({ length: 50_000 }, (_, i) => `T${i},S,2013-02-28,1,1,1,1,1\n`);
    const controller = new AbortController();
    const reading = stage(written(`${HEADER}\n${rows.join('')}`), 'refuse', controller.signal);
    setTimeout(() => controller.abort(), 5);
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });
});
