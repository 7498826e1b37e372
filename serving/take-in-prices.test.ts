import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestContext, freshContext } from '../tests/contract/backend.ts';
import { sampleEvents } from '../tests/sample-series.ts';
import { type TestServices, openServices } from '../tests/support/services.ts';
import { adjusted, historyOf } from './histories.ts';
import { type PriceFiles, takeInPrices } from './take-in-prices.ts';
import { vantageOf } from './vantages.ts';

const [HEADER, ...ROWS] = readFileSync(new URL('../data/sample/prices.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n');

let on: TestServices;
let dir: string;
beforeAll(async () => {
  on = await openServices();
  dir = mkdtempSync(join(tmpdir(), 'stockcast-take-in-'));
});
afterAll(async () => {
  rmSync(dir, { recursive: true, force: true });
  await on.close();
});

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}
function takeIn(context: TestContext, rows: readonly string[], more: Partial<PriceFiles> = {}) {
  const pricesPath = file('prices.csv', [HEADER, ...rows, ''].join('\n'));
  const files = { pricesPath, pricesName: 'my prices.csv', onBadRow: 'refuse', adjustSplits: false, ...more } as const;
  return takeInPrices(on.services, context, files);
}
const between = (ticker: string, from: string, to: string) =>
  ROWS.filter((row) => {
    const [name, , date] = row.split(',');
    return name === ticker && date! >= from && date! <= to;
  });
const seen = (context: TestContext) => historyOf(on.services, context, 'AAPL', vantageOf(context));

const FEBRUARY = between('AAPL', '2013-02-01', '2013-02-28');

describe('taking prices in', () => {
  it('says what came in, and taking the same in again changes nothing', async () => {
    const context = freshContext();
    const first = await takeIn(context, FEBRUARY);
    expect(first).toMatchObject({
      file: 'my prices.csv',
      accepted_rows: 19,
      rejected_rows: 0,
      tickers: [{ ticker: 'AAPL', rows: 19, added: 19, first_session: '2013-02-01', last_session: '2013-02-28' }],
      unchanged: 0,
      n_restated: 0,
      suspected_splits: [],
    });
    expect(first.ingest_id).toMatch(/^[0-9a-f]{64}$/);
    const before = await seen(context);
    const again = await takeIn(context.at('2013-03-04T12:00:00.000Z'), FEBRUARY);
    expect(again).toMatchObject({ ingest_id: first.ingest_id, tickers: [{ added: 0 }], unchanged: 19, n_restated: 0 });
    expect(await seen(context)).toEqual(before);
  });

  it('keeps other values as restatements, says which, and still knows what was known before', async () => {
    const context = freshContext();
    await takeIn(context, FEBRUARY);
    const changed = FEBRUARY.map((row) => (row.includes('2013-02-14') ? row.replace(/\d+$/, '1') : row));
    const report = await takeIn(context.at('2013-03-04T12:00:00.000Z'), changed);
    expect(report).toMatchObject({ unchanged: 18, restated: [{ ticker: 'AAPL', date: '2013-02-14' }], n_restated: 1 });
    const at = (await seen(context)).series.dates.indexOf('2013-02-14');
    expect((await seen(context)).series.volume[at]).toBe(1);
    const then = await historyOf(on.services, context, 'AAPL', vantageOf(context, '2013-03-01'));
    expect(then.series.volume[at]).toBe(Number(/\d+$/.exec(FEBRUARY[at]!)![0]));
  });

  it('refuses a file with a bad row whole', async () => {
    const context = freshContext();
    const rows = [...FEBRUARY.slice(0, 5), FEBRUARY[5]!.replace(/\d+$/, '-1'), ...FEBRUARY.slice(6)];
    await expect(takeIn(context, rows)).rejects.toMatchObject({ code: 'FILE_REFUSED' });
    expect(await on.services.bars.tickers(context)).toEqual([]);
  });

  it('takes the good rows when asked, and keeps the report of the others', async () => {
    const context = freshContext();
    const rows = [...FEBRUARY.slice(0, 5), FEBRUARY[5]!.replace(/\d+$/, '-1'), ...FEBRUARY.slice(6)];
    const report = await takeIn(context, rows, { onBadRow: 'skip' });
    expect(report).toMatchObject({ accepted_rows: 18, rejected_rows: 1, rejected: [{ line: 7, column: 'volume' }] });
    expect((await seen(context)).series.dates).toHaveLength(18);
    expect(await on.services.bars.sources(context, 'AAPL', vantageOf(context).knownAt)).toMatchObject([
      { source: 'my prices.csv', acceptedRows: 18, rejectedRows: 1 },
    ]);
  });

  it('refuses the prices when the events are bad', async () => {
    const context = freshContext();
    const eventsPath = file('events.csv', 'ticker,date,kind,value\nAAPL,2013-02-07,dividend,-1\n');
    const events = { eventsPath, eventsName: 'my events.csv' };
    await expect(takeIn(context, FEBRUARY, events)).rejects.toMatchObject({
      code: 'FILE_REFUSED',
      message: expect.stringContaining('my events.csv'),
    });
    expect(await on.services.bars.tickers(context)).toEqual([]);
  });

  it('stops when told to, and nothing is stored', async () => {
    const context = freshContext();
    const gone = AbortSignal.abort(new Error('the client went away'));
    await expect(takeIn(context, FEBRUARY, { signal: gone })).rejects.toThrow();
    expect(await on.services.bars.tickers(context)).toEqual([]);
  });
});

describe('splits', () => {
  const BEFORE = between('AAPL', '2004-06-01', '2005-02-25');
  const AFTER = between('AAPL', '2005-02-28', '2005-06-30');
  const SPLIT = sampleEvents('AAPL').find(({ date }) => date === '2005-02-28')!;
  const suspect = { ticker: 'AAPL', date: '2005-02-28', ratio: 2, closeBefore: 88.99, openAfter: 44.68 };

  it('that come as events adjust the prices', async () => {
    const context = freshContext();
    const eventsPath = file('events.csv', 'ticker,date,kind,value\nAAPL,2005-02-28,split,2\n');
    const report = await takeIn(context, [...BEFORE, ...AFTER], { eventsPath });
    expect(report).toMatchObject({ events_added: 1, events_restated: 0, suspected_splits: [] });
    const { adjustedClose, dates } = adjusted(await seen(context));
    const t = dates.indexOf('2005-02-28');
    expect(adjustedClose[t]! / adjustedClose[t - 1]!).toBeCloseTo((44.86 * 2) / 88.99, 12);
  });

  it('that are suspected are reported, and adjusted only when asked', async () => {
    const context = freshContext();
    const report = await takeIn(context, [...BEFORE, ...AFTER]);
    expect(report).toMatchObject({ events_added: 0, suspected_splits: [{ ...suspect, adjusted: false }] });
    expect(report.notices.join()).toContain('AAPL 2005-02-28 looks like a 2:1 split');
    expect((await seen(context)).events).toEqual([]);
    const asked = await takeIn(context, [...BEFORE, ...AFTER], { adjustSplits: true });
    expect(asked).toMatchObject({ events_added: 1, suspected_splits: [{ ...suspect, adjusted: true }] });
    expect((await seen(context)).events).toEqual([SPLIT]);
    // The split is known now, so it explains the jump.
    expect((await takeIn(context, [...BEFORE, ...AFTER])).suspected_splits).toEqual([]);
  });

  it('are suspected between what is known and the first row of a file', async () => {
    const context = freshContext();
    expect((await takeIn(context, BEFORE)).suspected_splits).toEqual([]);
    const report = await takeIn(context, AFTER.slice(0, 1));
    expect(report.suspected_splits).toEqual([{ ...suspect, adjusted: false, reason: expect.any(String) }]);
    const asked = await takeIn(context, AFTER, { adjustSplits: true });
    expect(asked).toMatchObject({ events_added: 1, suspected_splits: [{ ...suspect, adjusted: true }] });
    expect((await takeIn(context, AFTER)).suspected_splits).toEqual([]);
  });

  it('between what is known and a file are reported with that file alone', async () => {
    const context = freshContext();
    await takeIn(context, [...BEFORE, ...AFTER.slice(0, 3)]);
    expect((await takeIn(context, AFTER.slice(3))).suspected_splits).toEqual([]);
  });

  it('are not suspected where the others moved along, as far as is known', async () => {
    const context = freshContext();
    const twin = (rows: readonly string[]) => rows.map((row) => row.replace('AAPL', 'TWIN'));
    await takeIn(context, [...BEFORE, ...twin(BEFORE)]);
    expect((await takeIn(context, [...AFTER, ...twin(AFTER)])).suspected_splits).toEqual([]);
    // Alone, each would be.
    expect((await takeIn(context, twin(AFTER.slice(0, 1)))).suspected_splits).toHaveLength(1);
  });

  it('are not suspected across a long gap in what is known', async () => {
    const context = freshContext();
    await takeIn(context, BEFORE);
    expect((await takeIn(context, AFTER.slice(30))).suspected_splits).toEqual([]);
  });

  it('of a crash are none: AAPL 2000-09-29, told from its volume before the file began', async () => {
    const context = freshContext();
    await takeIn(context, between('AAPL', '2000-07-03', '2000-09-28'));
    expect((await takeIn(context, between('AAPL', '2000-09-29', '2000-12-29'))).suspected_splits).toEqual([]);
  });
});
