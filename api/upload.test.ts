import { readFileSync, readdirSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ask, expectProblem } from '../tests/support/answers.ts';
import { type TestPipeline, startPipeline } from '../tests/support/pipeline.ts';
import { type RunningApi, startApi } from '../tests/support/running-api.ts';
import { samplePrices } from '../tests/support/test-universe.ts';
import { uploadEndpoint } from './routes/upload.ts';

const BAD_FILES = new URL('../tests/bad-files/', import.meta.url);
const EVENTS = 'ticker,date,kind,value\nAAPL,2012-08-09,dividend,2.65\n';
const HEADER = 'ticker,sector,date,close,open,low,high,volume';
const GOOD_ROW = 'GOOD,Technology,2013-03-01,10,10,9,11,100';
const BAD_ROW = 'GOOD,Technology,2013-02-28,ten,10,9,11,100';
const LIMIT = 200_000;

let pipeline: TestPipeline;
let api: RunningApi;

beforeAll(async () => {
  pipeline = await startPipeline({ workers: false });
  api = await startApi({ ...pipeline, settings: { uploadLimitBytes: LIMIT } });
});

afterEach(() => {
  expect(api.uploads()).toEqual([]);
});

afterAll(async () => {
  await api?.stop();
  await pipeline?.stop();
});

type Part = string | { readonly content: string | Uint8Array<ArrayBuffer>; readonly name: string };

function upload(parts: Record<string, Part>, query = '') {
  const form = new FormData();
  for (const [field, part] of Object.entries(parts)) {
    if (typeof part === 'string') form.append(field, part);
    else form.append(field, new Blob([part.content]), part.name);
  }
  return ask(`${api.url}/upload${query}`, { method: 'POST', body: form });
}

const file = (content: string | Uint8Array<ArrayBuffer>, name = 'prices.csv') => ({ content, name });
const bytesOf = (path: string) => new Uint8Array(readFileSync(new URL(path, BAD_FILES)));
const knownTickers = async () => (await pipeline.services.bars.tickers(pipeline.context)).map(({ ticker }) => ticker);

describe('a file of prices', () => {
  test('is taken in with its events, and again without any change', async () => {
    const parts = { file: file(samplePrices(), 'märz.csv'), events: file(EVENTS, 'events.csv') };
    const first = await upload(parts);
    expect(first.status).toBe(200);
    expect(uploadEndpoint.answer.schema.parse(first.body)).toEqual(first.body);
    expect(first.body).toMatchObject({ file: 'märz.csv', accepted_rows: 1200, rejected_rows: 0, events_added: 1 });
    expect(first.body.tickers).toMatchObject([
      { ticker: 'AAPL', added: 600 },
      { ticker: 'MSFT', added: 600 },
    ]);
    expect((await upload(parts)).body).toMatchObject({ unchanged: 1200, n_restated: 0, events_added: 0 });
    expect(await knownTickers()).toEqual(['AAPL', 'MSFT']);
  });

  test('with a bad row is refused whole, with line, column, value and reason', async () => {
    const problem = expectProblem(await upload({ file: file(`${HEADER}\n${GOOD_ROW}\n${BAD_ROW}\n`) }), 'FILE_REFUSED');
    expect(problem.errors).toMatchObject([{ file: 'prices.csv', line: 3, column: 'close', value: 'ten' }]);
    expect(await knownTickers()).not.toContain('GOOD');
  });

  test.each([
    ['in the form', { on_bad_row: 'skip' }, ''],
    ['in the query', {}, '?on_bad_row=skip'],
  ])('gives its good rows when that is asked %s', async (_where, fields, query) => {
    const { status, body } = await upload({ file: file(`${HEADER}\n${GOOD_ROW}\n${BAD_ROW}\n`), ...fields }, query);
    expect(status).toBe(200);
    expect(uploadEndpoint.answer.schema.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      accepted_rows: 1,
      rejected_rows: 1,
      rejected: [{ line: 3, column: 'close', value: 'ten' }],
    });
  });

  test('has its suspected splits reported, and adjusted when asked', async () => {
    const rows = samplePrices(['AAPL'], 200).trim().split('\n');
    const halved = rows.map((row, i) => (i < 150 ? row : split(row)));
    const csv = `${halved.join('\n').replaceAll('AAPL,', 'SPLT,')}\n`;
    const found = (adjusted: boolean) => ({ ticker: 'SPLT', ratio: 2, adjusted });
    expect((await upload({ file: file(csv) })).body.suspected_splits).toMatchObject([found(false)]);
    const { body } = await upload({ file: file(csv), adjust_splits: 'true' });
    expect(uploadEndpoint.answer.schema.parse(body)).toEqual(body);
    expect(body.suspected_splits).toMatchObject([found(true)]);
    expect(body.events_added).toBe(1);
  });
});

describe('a bad file', () => {
  const names = readdirSync(new URL('prices/', BAD_FILES));

  test.each(names)('%s is refused with the place and the reason, and nothing is stored', async (name) => {
    const before = await knownTickers();
    const answer = await upload({ file: file(bytesOf(`prices/${name}`), name) });
    const { errors, detail } = expectProblem(answer, 'FILE_REFUSED');
    expect(detail).toContain(name);
    for (const error of errors as Record<string, unknown>[]) {
      expect(error).toMatchObject({
        file: name,
        line: expect.any(Number),
        column: expect.any(String),
        reason: expect.any(String),
      });
    }
    expect((errors as unknown[]).length).toBeGreaterThan(0);
    expect(await knownTickers()).toEqual(before);
  });

  test.each(readdirSync(new URL('events/', BAD_FILES)))('of events, %s, refuses its prices too', async (name) => {
    const events = file(bytesOf(`events/${name}`), name);
    const answer = await upload({ file: file(`${HEADER}\n${GOOD_ROW.replace('GOOD', 'LATE')}\n`), events });
    expect(expectProblem(answer, 'FILE_REFUSED').detail).toContain(name);
    expect(await knownTickers()).not.toContain('LATE');
  });
});

describe('a form', () => {
  const good = file(`${HEADER}\n${GOOD_ROW}\n`);

  test.each([
    ['without a file', {}, '', 'file: missing'],
    ['with the file as text', { file: 'ticker,sector' }, '', 'expected a file, not text'],
    ['with a field that there is not', { file: good, sheet: '1' }, '', 'sheet: there is no such field'],
    ['with a file that there is not', { file: good, prices: good }, '', 'prices: there is no such field'],
    ['with an option as a file', { file: good, on_bad_row: good }, '', 'on_bad_row: expected text'],
    [
      'with an option that is not possible',
      { file: good, on_bad_row: 'ignore' },
      '',
      'form.on_bad_row: expected one of',
    ],
    ['with a flag that is none', { file: good, adjust_splits: 'maybe' }, '', 'expected true or false'],
    [
      'with an option in two places',
      { file: good, on_bad_row: 'skip' },
      '?on_bad_row=skip',
      'on_bad_row: given in the query and',
    ],
    ['with a query that there is not', { file: good }, '?sheet=1', 'query.sheet: there is no such field'],
    ['with a long option', { file: good, on_bad_row: 'x'.repeat(2000) }, '', 'longer than 1000 bytes'],
  ] as const)('%s is refused', async (_what, parts, query, expected) => {
    expect(expectProblem(await upload(parts as Record<string, Part>, query), 'REQUEST_INVALID').detail).toContain(
      expected,
    );
  });

  test('with a file twice is refused', async () => {
    const form = new FormData();
    form.append('file', new Blob([good.content as string]), 'a.csv');
    form.append('file', new Blob([good.content as string]), 'b.csv');
    expect(
      expectProblem(await ask(`${api.url}/upload`, { method: 'POST', body: form }), 'REQUEST_INVALID').detail,
    ).toContain('twice');
  });

  test('whose file field was left empty counts as without it', async () => {
    const boundary = 'xx';
    const body = [
      ...[`--${boundary}`, 'Content-Disposition: form-data; name="file"; filename="p.csv"', '', HEADER, GOOD_ROW],
      ...[`--${boundary}`, 'Content-Disposition: form-data; name="events"; filename=""'],
      ...['Content-Type: application/octet-stream', '', '', `--${boundary}--`, ''],
    ].join('\r\n');
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    expect((await ask(`${api.url}/upload`, { method: 'POST', body, headers })).status).toBe(200);
  });

  test('whose file field was sent as an empty text, as the page at /docs does, counts as without it', async () => {
    const form = new FormData();
    form.append('file', new Blob([`${HEADER}\n${GOOD_ROW}\n`]), 'p.csv');
    form.append('events', '');
    form.append('on_bad_row', 'refuse');
    form.append('adjust_splits', 'false');
    expect((await ask(`${api.url}/upload`, { method: 'POST', body: form })).status).toBe(200);
    form.append('events', '');
    expectProblem(await ask(`${api.url}/upload`, { method: 'POST', body: form }), 'REQUEST_INVALID');
  });

  test.each([
    ['no form at all', 'text/csv', 'MEDIA_TYPE_UNSUPPORTED', 'multipart/form-data'],
    ['a form without a boundary', 'multipart/form-data', 'REQUEST_INVALID', 'Boundary'],
    ['a form that breaks off', 'multipart/form-data; boundary=xx', 'REQUEST_INVALID', 'Unexpected end of form'],
    [
      'a form with a header that is none',
      'multipart/form-data; boundary=yy',
      'REQUEST_INVALID',
      'Malformed part header',
    ],
  ] as const)('%s is refused', async (_what, type, code, expected) => {
    const answer = await ask(`${api.url}/upload`, {
      method: 'POST',
      body: type.endsWith('yy') ? '--yy\r\nno header\r\n\r\nx\r\n--yy--\r\n' : '--xx\r\nCont',
      headers: { 'content-type': type },
    });
    expect(expectProblem(answer, code).detail).toContain(expected);
  });
});

describe('a large upload', () => {
  const ofSize = (bytes: number) => `${`${HEADER}\n${GOOD_ROW}\n`.padEnd(bytes - 1, '\n')}\n`;

  test('of exactly the limit passes', async () => {
    expect((await upload({ file: file(ofSize(LIMIT)) })).status).toBe(200);
  });

  test.each([LIMIT + 1, 20 * LIMIT])('of %d bytes is refused with the limit and the setting', async (bytes) => {
    const problem = expectProblem(await upload({ file: file(ofSize(bytes)) }), 'UPLOAD_TOO_LARGE');
    expect(problem.detail).toContain(String(LIMIT));
    expect(problem.detail).toContain('STOCKCAST_UPLOAD_LIMIT_BYTES');
  });
});

test('a client that goes away in the middle leaves nothing', async () => {
  const before = await knownTickers();
  const headers = { 'content-type': 'multipart/form-data; boundary=xx', 'content-length': 100_000 };
  const request = httpRequest(`${api.url}/upload`, { method: 'POST', headers });
  request.on('error', () => {});
  const head = 'Content-Disposition: form-data; name="file"; filename="p.csv"';
  request.write(`--xx\r\n${head}\r\n\r\n${HEADER}\n${GOOD_ROW.replace('GOOD', 'GONE')}\n`);
  while (api.uploads().length === 0) await sleep(5);
  request.destroy();
  while (api.uploads().length > 0) await sleep(5);
  expect(await knownTickers()).toEqual(before);
  expect(api.logged).toEqual([]);
});

/** A row with its prices halved and its volume doubled, as after a split that nobody told of. */
function split(row: string): string {
  const [ticker, sector, date, close, open, low, high, volume] = row.split(',');
  const prices = [close, open, low, high].map((price) => (Number(price) / 2).toFixed(4));
  return [ticker, sector, date, ...prices, Number(volume) * 2].join(',');
}
