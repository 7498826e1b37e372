import type { Bar } from '../../domain/bar.ts';
import { isIsoDate, isSession } from '../../domain/calendar.ts';
import { TICKER_FORM, isTicker } from '../../domain/ticker.ts';

export const BAR_COLUMNS = ['ticker', 'sector', 'date', 'close', 'open', 'low', 'high', 'volume'] as const;

/** Told what is wrong with a cell. */
export type Complain = (column: string, value: string, reason: string) => void;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const PRICES = ['close', 'open', 'low', 'high'] as const;

/**
 * Reads a bar from its cells, in the order of `BAR_COLUMNS`; undefined when anything is wrong with it, after all of it
 * was complained about. `today` is the date in New York.
 */
export function readBar(cells: readonly string[], today: string, complain: Complain): Bar | undefined {
  const text = Object.fromEntries(BAR_COLUMNS.map((column, i) => [column, cells[i]!.trim()])) as Record<
    (typeof BAR_COLUMNS)[number],
    string
  >;
  let fine = true;
  const refuse: Complain = (column, value, reason) => {
    fine = false;
    complain(column, value, reason);
  };
  checkTicker(text.ticker, refuse);
  checkSession(text.date, today, refuse);
  const [close, open, low, high] = PRICES.map((column) => readPrice(column, text[column], refuse));
  const volume = readNumber('volume', text.volume, refuse);
  if (volume !== undefined && volume < 0) refuse('volume', text.volume, 'a volume cannot be negative');
  if (high !== undefined && low !== undefined && high < low) {
    refuse('high', text.high, `the high lies below the low (${text.low})`);
  } else if (high !== undefined && low !== undefined) {
    for (const [column, price] of [['open', open], ['close', close]] as const) {
      if (price === undefined || (price >= low && price <= high)) continue;
      refuse(column, text[column], `the ${column} lies outside of the day's range ${text.low} to ${text.high}`);
    }
  }
  if (!fine) return undefined;
  const { ticker, date } = text;
  const sector = text.sector === '' ? 'Unknown' : text.sector;
  return { ticker, sector, date, open: open!, high: high!, low: low!, close: close!, volume: volume! };
}

/** Complains unless the text is a well-formed ticker. */
export function checkTicker(ticker: string, complain: Complain): void {
  if (isTicker(ticker)) return;
  if (ticker === '') complain('ticker', '', 'the ticker is empty');
  else if (isTicker(ticker.toUpperCase())) complain('ticker', ticker, `tickers are upper case: write ${ticker.toUpperCase()}`);
  else complain('ticker', ticker, `ill-formed; expected ${TICKER_FORM}`);
}

/** Complains unless the text is a session of the exchange, not after `today`. */
export function checkSession(date: string, today: string, complain: Complain): void {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) complain('date', date, 'not an ISO date; write YYYY-MM-DD');
  else if (!isIsoDate(date)) complain('date', date, 'there is no such day in the calendar');
  else if (date > today) complain('date', date, `lies in the future (today is ${today})`);
  else if (!isSession(date)) {
    const reason = date < '1990-01-02' ? 'lies before the first session known, 1990-01-02' : 'the New York Stock Exchange was closed that day';
    complain('date', date, reason);
  }
}

/** The number that the text says, or undefined after a complaint. */
export function readNumber(column: string, text: string, complain: Complain): number | undefined {
  if (NUMBER.test(text)) {
    const value = Number(text);
    if (Number.isFinite(value)) return value;
    complain(column, text, 'too large for a number');
  } else if (text === '') complain(column, '', 'the cell is empty; a number is expected');
  else if (/^[+-]?(nan|n\/a|null|none)$/i.test(text)) complain(column, text, 'not a number; leave the row out');
  else if (/^[+-]?inf(inity)?$/i.test(text)) complain(column, text, 'infinite; a finite number is expected');
  else if (/^[+-]?[\d,.' ]+$/.test(text)) complain(column, text, 'not a plain number; write it as 1234.5, without separators');
  else complain(column, text, 'not a number');
  return undefined;
}

function readPrice(column: string, text: string, complain: Complain): number | undefined {
  const price = readNumber(column, text, complain);
  if (price === undefined || price > 0) return price;
  complain(column, text, 'a price must be above zero');
  return undefined;
}
