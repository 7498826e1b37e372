import { Readable, pipeline } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { refuseFile } from './problems.ts';
import { textChunks } from './text-chunks.ts';

/** One row of a CSV file: its cells in the order of the wanted columns, `undefined` when it has too few or too many. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[] | undefined;
  /** How many cells the row has. */
  readonly width: number;
}

/** The header of a CSV file, as far as it matters. */
export interface CsvHeader {
  readonly width: number;
  /** Columns that nobody asked for. */
  readonly extra: readonly string[];
}

/**
 * Streams the rows of a CSV file, cells brought into the order of `columns`; names are matched without regard to case
 * and surrounding spaces. Blank lines are passed over.
 * @param onHeader told the header before the first row
 * @throws StockcastError FILE_REFUSED when the file is empty, a column is missing or named twice, or its quotes don't close
 */
export async function* csvRecords(
  path: string,
  fileName: string,
  columns: readonly string[],
  onHeader: (header: CsvHeader) => void,
  signal?: AbortSignal,
): AsyncGenerator<CsvRecord> {
  const parser = parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true });
  // What goes wrong while reading destroys the parser with the error, which the loop below then throws.
  pipeline(Readable.from(textChunks(path, fileName, signal)), parser, () => {});
  let order: number[] | undefined;
  let width = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<ParsedRow>) {
      if (order === undefined) {
        order = columnOrder(record, columns, fileName);
        width = record.length;
        const wanted = new Set(columns);
        onHeader({ width, extra: record.map((name) => name.trim()).filter((name) => !wanted.has(name.toLowerCase())) });
        continue;
      }
      const cells = record.length === width ? order.map((at) => record[at]!) : undefined;
      yield { line: info.lines, cells, width: record.length };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = Number((error as { lines?: number }).lines ?? 1);
    throw refuseFile(fileName, line, 'quotes', '', 'a quote is opened and not closed, or stands inside a cell; quote the whole cell and double the quotes in it');
  }
  if (order === undefined) {
    throw refuseFile(fileName, 1, 'file', '', `the file is empty; expected a header with ${columns.join(',')}`);
  }
}

interface ParsedRow {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

function columnOrder(header: readonly string[], columns: readonly string[], fileName: string): number[] {
  const names = header.map((name) => name.trim().toLowerCase());
  return columns.map((column) => {
    const at = names.indexOf(column);
    if (at < 0) {
      const found = header.join(',');
      throw refuseFile(fileName, 1, column, found, `the column "${column}" is missing; expected ${columns.join(',')} in any order`);
    }
    if (names.indexOf(column, at + 1) >= 0) {
      throw refuseFile(fileName, 1, column, header.join(','), `the column "${column}" is there twice; keep one`);
    }
    return at;
  });
}
