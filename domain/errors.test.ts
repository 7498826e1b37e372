import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERRORS, type ErrorCode, StockcastError } from './errors.ts';

const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [code, ...lines] = section.trim().split('\n');
      return [code!, lines.join('\n').trim()] as const;
    }),
);

describe('docs/errors.md', () => {
  test('has one section for every code, and none besides, in the same order', () => {
    expect([...sections.keys()]).toEqual(Object.keys(ERRORS));
  });

  test.each(Object.keys(ERRORS) as ErrorCode[])('says of %s what the program says', (code) => {
    const { title, status, retryable } = ERRORS[code];
    const [head, meaning, remedy, ...rest] = (sections.get(code) ?? '').split('\n\n');
    expect(head).toBe(`${title}. Status ${status}, ${retryable ? 'retryable' : 'not retryable'}.`);
    expect(meaning).toMatch(/^Meaning: .{20,}/);
    expect(remedy).toMatch(/^What to do: \S+/);
    expect(rest).toEqual([]);
  });
});

describe('an error', () => {
  test('fills its message with its details and keeps them', () => {
    const details = { ticker: 'ZZZZ', known: ['AAPL', 'MSFT'] };
    const error = new StockcastError('TICKER_UNKNOWN', details);
    expect(error.message).toBe('No prices are known for ZZZZ. Known: AAPL, MSFT. Upload its prices first.');
    expect(error).toMatchObject({ code: 'TICKER_UNKNOWN', status: 404, retryable: false, details });
  });

  test('counts one session as one', () => {
    const message = (horizon: number) =>
      new StockcastError('ROLLBACK_REFUSED', { ticker: 'AAPL', horizon, problem: 'nothing serves' }).message;
    expect(message(1)).toBe('What serves AAPL for 1 session stays: nothing serves.');
    expect(message(10)).toBe('What serves AAPL for 10 sessions stays: nothing serves.');
  });

  test('shows where a detail is missing, and does not fill in what a detail says', () => {
    expect(new StockcastError('RUN_UNKNOWN').message).toMatch(/^There is no run "\?"\. /);
    const nested = new StockcastError('REQUEST_INVALID', { field: '{problem}', problem: 'x' });
    expect(nested.message).toBe('{problem}: x.');
  });

  test('keeps what caused it', () => {
    const cause = new Error('inner');
    expect(new StockcastError('UNEXPECTED', { requestId: '1' }, { cause }).cause).toBe(cause);
  });

  test.each(Object.entries(ERRORS))(
    '%s has a message that ends as a sentence, and a status that fits',
    (_code, definition) => {
      expect(definition.message).toMatch(/[.?]$/);
      expect(definition.status).toBeGreaterThanOrEqual(400);
      expect(definition.retryable).toBe([429, 503].includes(definition.status));
    },
  );
});
