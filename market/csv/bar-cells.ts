import type { Bar } from '../../domain/bar.ts';
import { closeOf, isIsoDate, isSession, newYorkDate } from '../../domain/calendar.ts';
import { TICKER_FORM, isTicker } from '../../domain/ticker.ts';

export const BAR_COLUMNS = ['ticker', 'sector', 'date', 'close', 'open', 'low', 'high', 'volume'] as const;

/** Told what is wrong with a cell. */
export type Complain = (column: string, value: string, reason: string) => void;

/** Bounds beyond every price and volume ever seen; within them no return or sum of volumes overflows. */
const LOWEST_PRICE = 1e-9;
const HIGHEST_PRICE = 1e12;
const HIGHEST_VOLUME = 1e15;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** Reads bars from the cells of a price file; what was found well-formed once is not looked at twice. */
export class BarReader {
  readonly #now: Date;
  readonly #today: string;
  readonly #sessions = new Set<string>();
  #ticker: string | undefined;

  /** @param now sessions that have not closed by then are refused */
  constructor(now: Date) {
    this.#now = now;
    this.#today = newYorkDate(now);
  }

  /**
   * The bar in cells that are in the order of `BAR_COLUMNS`; undefined when anything is wrong with it, after all of it
   * was complained about.
   */
  read(cells: readonly string[], complain: Complain): Bar | undefined {
    let fine = true;
    const refuse: Complain = (column, value, reason) => {
      fine = false;
      complain(column, value, reason);
    };
    const [ticker, sector, date] = [cells[0]!.trim(), cells[1]!.trim(), cells[2]!.trim()];
    if (ticker !== this.#ticker) checkTicker(ticker, refuse);
    if (!this.#sessions.has(date)) {
      checkSession(date, this.#today, refuse);
      // Until then its high, low, close and volume may change.
      if (date === this.#today && isSession(date) && closeOf(date) > this.#now) {
        refuse('date', date, 'this session has not closed yet; leave it out until 16:00 in New York');
      }
    }
    const close = readPrice('close', cells[3]!, refuse);
    const open = readPrice('open', cells[4]!, refuse);
    const low = readPrice('low', cells[5]!, refuse);
    const high = readPrice('high', cells[6]!, refuse);
    const volume = readNumber('volume', cells[7]!, refuse);
    if (volume !== undefined && volume < 0) refuse('volume', cells[7]!.trim(), 'a volume cannot be negative');
    if (volume !== undefined && volume > HIGHEST_VOLUME) {
      refuse('volume', cells[7]!.trim(), 'no number of shares; expected 0 to 1e15');
    }
    if (high !== undefined && low !== undefined) {
      if (high < low) refuse('high', cells[6]!.trim(), `the high lies below the low (${low})`);
      else {
        checkInside('open', open, low, high, refuse);
        checkInside('close', close, low, high, refuse);
      }
    }
    if (!fine) return undefined;
    this.#ticker = ticker;
    this.#sessions.add(date);
    return {
      ticker,
      sector: sector === '' ? 'Unknown' : sector,
      date,
      open: open!,
      high: high!,
      low: low!,
      close: close!,
      volume: volume!,
    };
  }
}

function checkInside(column: string, price: number | undefined, low: number, high: number, complain: Complain): void {
  if (price === undefined || (price >= low && price <= high)) return;
  complain(column, String(price), `the ${column} lies outside of the day's range ${low} to ${high}`);
}

/** Complains unless the text is a well-formed ticker. */
export function checkTicker(ticker: string, complain: Complain): void {
  if (isTicker(ticker)) return;
  if (ticker === '') complain('ticker', '', 'the ticker is empty');
  else if (isTicker(ticker.toUpperCase()))
    complain('ticker', ticker, `tickers are upper case: write ${ticker.toUpperCase()}`);
  else complain('ticker', ticker, `ill-formed; expected ${TICKER_FORM}`);
}

/** Complains unless the text is a session of the exchange, not after `today`. */
export function checkSession(date: string, today: string, complain: Complain): void {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) complain('date', date, 'not an ISO date; write YYYY-MM-DD');
  else if (!isIsoDate(date)) complain('date', date, 'there is no such day in the calendar');
  else if (date > today) complain('date', date, `lies in the future (today is ${today})`);
  else if (!isSession(date)) {
    const reason =
      date < '1990-01-02'
        ? 'lies before the first session known, 1990-01-02'
        : 'the New York Stock Exchange was closed that day';
    complain('date', date, reason);
  }
}

/** The number that the text says, or undefined after a complaint. */
export function readNumber(column: string, cell: string, complain: Complain): number | undefined {
  const text = cell.trim();
  if (NUMBER.test(text)) {
    const value = Number(text);
    if (Number.isFinite(value)) return value;
    complain(column, text, 'too large for a number');
  } else if (text === '') complain(column, '', 'the cell is empty; a number is expected');
  else if (/^[+-]?(nan|n\/a|null|none)$/i.test(text)) complain(column, text, 'not a number; leave the row out');
  else if (/^[+-]?inf(inity)?$/i.test(text)) complain(column, text, 'infinite; a finite number is expected');
  else if (/^[+-]?[\d,.' ]+$/.test(text))
    complain(column, text, 'not a plain number; write it as 1234.5, without separators');
  else complain(column, text, 'not a number');
  return undefined;
}

function readPrice(column: string, text: string, complain: Complain): number | undefined {
  const price = readNumber(column, text, complain);
  if (price === undefined || (price >= LOWEST_PRICE && price <= HIGHEST_PRICE)) return price;
  const reason = price <= 0 ? 'a price must be above zero' : 'no price in USD; expected 1e-9 to 1e12';
  complain(column, text.trim(), reason);
  return undefined;
}
