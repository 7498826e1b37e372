import { StockcastError } from './errors.ts';

const TICKER = /^[A-Z0-9^][A-Z0-9.\-=^]{0,14}$/;

/** What a ticker must look like, in words, for messages. */
export const TICKER_FORM =
  '1 to 15 characters, upper-case letters, digits, ".", "-", "=" or "^", starting with a letter, a digit or "^"';

/** Whether `text` is a well-formed ticker (case-sensitive). */
export function isTicker(text: string): boolean {
  return TICKER.test(text);
}

/**
 * Reads a ticker that a person typed: surrounding spaces and lower case are forgiven.
 * @throws StockcastError TICKER_INVALID
 */
export function parseTicker(text: string): string {
  const ticker = text.trim().toUpperCase();
  if (!isTicker(ticker)) throw new StockcastError('TICKER_INVALID', { ticker: text, expected: TICKER_FORM });
  return ticker;
}
