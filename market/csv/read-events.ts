import type { CorporateEvent } from '../../domain/bar.ts';
import { newYorkDate } from '../../domain/calendar.ts';
import type { Clock } from '../../domain/context.ts';
import { checkSession, checkTicker, readNumber } from './bar-cells.ts';
import { FileProblems } from './problems.ts';
import { csvRecords } from './records.ts';

/** Beyond every split ratio and dividend ever seen; within it no return overflows. */
const LARGEST_VALUE = 1e6;

const COLUMNS = ['ticker', 'date', 'kind', 'value'] as const;

/** The events of a file, ascending by ticker and date, with what was odd but harmless. */
export interface EventsFile {
  readonly events: readonly CorporateEvent[];
  readonly notices: readonly string[];
}

/**
 * Reads an events file `ticker,date,kind,value`: splits (new shares per old one) and dividends (USD a share) on their
 * ex-dates. One bad row refuses the file.
 * @throws StockcastError FILE_REFUSED, FILE_UNREADABLE
 */
export async function readEvents(
  path: string,
  options: { readonly fileName: string; readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<EventsFile> {
  const { fileName, clock, signal } = options;
  const problems = new FileProblems(fileName);
  const notices: string[] = [];
  const today = newYorkDate(clock.now());
  const found = new Map<string, { line: number; event: CorporateEvent }>();
  let width = 0;
  let repeats = 0;
  const header = (head: { width: number; extra: readonly string[] }) => {
    width = head.width;
    if (head.extra.length > 0) notices.push(`columns that are not needed were ignored: ${head.extra.join(', ')}`);
  };
  for await (const { line, cells, width: nCells } of csvRecords(path, fileName, COLUMNS, header, signal)) {
    if (cells === undefined) {
      problems.add(line, 'row', String(nCells), `the row has ${nCells} cells, the header ${width}`);
      continue;
    }
    const before = problems.count;
    const complain = (column: string, value: string, reason: string) => problems.add(line, column, value, reason);
    const [ticker, date, kind, valueText] = cells.map((cell) => cell.trim()) as [string, string, string, string];
    checkTicker(ticker, complain);
    checkSession(date, today, complain);
    if (kind !== 'split' && kind !== 'dividend') complain('kind', kind, 'expected split or dividend');
    const value = readNumber('value', valueText, complain);
    if (value !== undefined && value <= 0) complain('value', valueText, 'must be above zero');
    if (value !== undefined && value > 0 && (value < 1 / LARGEST_VALUE || value > LARGEST_VALUE)) {
      complain('value', valueText, 'no split or dividend; expected 1e-6 to 1e6');
    }
    if (problems.count > before) continue;

    const event: CorporateEvent = { ticker, date, kind: kind as CorporateEvent['kind'], value: value! };
    const key = `${ticker} ${date} ${kind}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { line, event });
    else if (known.event.value === event.value) repeats++;
    else
      complain(
        'value',
        valueText,
        `${key} stands on line ${known.line} with the value ${known.event.value}; keep the right one`,
      );
  }
  if (problems.count > 0) throw problems.refusal();
  if (repeats > 0)
    notices.push(`${repeats} ${repeats === 1 ? 'row repeats another' : 'rows repeat others'} exactly and went in once`);
  const events = [...found.values()].map(({ event }) => event);
  events.sort((a, b) => (`${a.ticker} ${a.date}` < `${b.ticker} ${b.date}` ? -1 : 1));
  return { events, notices };
}
