import type { Bar, PriceSeries } from '../../domain/bar.ts';
import type { Clock } from '../../domain/context.ts';
import { BAR_COLUMNS, BarReader } from './bar-cells.ts';
import { type FileProblem, FileProblems, refuseFile } from './problems.ts';
import { csvRecords } from './records.ts';
import { BarStaging, type StagedTicker } from './staging.ts';

/** What to do with a file that has bad rows: refuse it whole, or take the good ones. */
export type OnBadRow = 'refuse' | 'skip';

export interface CsvOptions {
  readonly onBadRow: OnBadRow;
  readonly clock: Clock;
  /** The file's name as its owner knows it, for messages. */
  readonly fileName: string;
  readonly signal?: AbortSignal;
}

/** The good rows of a file, checked and sorted, with a report of the others. Must be closed. */
export interface StagedPrices {
  readonly acceptedRows: number;
  readonly nRejected: number;
  /** What was wrong with them: the first thousand problems, by line. */
  readonly rejected: readonly FileProblem[];
  readonly notices: readonly string[];
  readonly tickers: readonly StagedTicker[];
  /** Bars ascending by ticker and date, one per (ticker, date), some thousands at a time. */
  batches(): AsyncIterable<Bar[]>;
  series(ticker: string): Promise<PriceSeries>;
  /** What the other tickers' opens did that day against their previous closes; undefined when there are none. */
  medianOvernightReturn(date: string, exceptTicker: string): Promise<number | undefined>;
  close(): Promise<void>;
}

/**
 * Reads a price file `ticker,sector,date,close,open,low,high,volume` in bounded memory. Every row is checked; the rules
 * are in `docs/data.md`.
 * @throws StockcastError FILE_REFUSED naming line, column, value and reason: always for what concerns the whole file,
 *   for bad rows unless `onBadRow` is `skip`
 * @throws StockcastError FILE_UNREADABLE
 */
export async function stageCsv(path: string, options: CsvOptions): Promise<StagedPrices> {
  const { onBadRow, clock, fileName, signal } = options;
  const problems = new FileProblems(fileName);
  const notices: string[] = [];
  const reader = new BarReader(clock.now());
  const staging = await BarStaging.open();
  try {
    let width = 0;
    let nRows = 0;
    const header = (found: { width: number; extra: readonly string[] }) => {
      width = found.width;
      if (found.extra.length > 0) notices.push(`columns that are not needed were ignored: ${found.extra.join(', ')}`);
    };
    for await (const { line, cells, width: found } of csvRecords(path, fileName, BAR_COLUMNS, header, signal)) {
      nRows++;
      if (cells === undefined) {
        problems.add(line, 'row', String(found), `the row has ${found} cells, the header ${width}`);
        continue;
      }
      const bar = reader.read(cells, (column, value, reason) => problems.add(line, column, value, reason));
      if (bar !== undefined) staging.add(line, bar);
    }
    if (nRows === 0) throw refuseFile(fileName, 1, 'file', '', 'there are no rows below the header');
    staging.finish();
    const repeats = await settleRepeats(staging, problems, notices);
    if (problems.count > 0 && onBadRow === 'refuse') throw problems.refusal();
    const acceptedRows = await staging.count();
    if (acceptedRows === 0) throw problems.refusal();
    return {
      acceptedRows,
      nRejected: nRows - acceptedRows - repeats,
      rejected: [...problems.kept].sort((a, b) => a.line - b.line),
      notices,
      tickers: await staging.tickers(),
      batches: () => staging.batches(),
      series: (ticker) => staging.series(ticker),
      medianOvernightReturn: (date, exceptTicker) => staging.medianOvernightReturn(date, exceptTicker),
      close: () => staging.close(),
    };
  } catch (error) {
    await staging.close();
    throw error;
  }
}

async function settleRepeats(staging: BarStaging, problems: FileProblems, notices: string[]): Promise<number> {
  const { repeats } = await staging.settleRepeats(({ ticker, date, firstLine, line }) => {
    problems.add(
      line,
      'date',
      date,
      `${ticker} ${date} stands on line ${firstLine} with other values; keep the right one`,
    );
  });
  if (repeats > 0)
    notices.push(`${repeats} ${repeats === 1 ? 'row repeats another' : 'rows repeat others'} exactly and went in once`);
  return repeats;
}
